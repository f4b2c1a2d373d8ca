use axum::Router;
use axum::routing::get;
use headwater_subscriber::http::Reader;

use super::{api, assets, page};
use crate::DepartureBoard;

/// The board's own routes: `GET /`, which is a page, and `GET /v1/board/{airport}`.
pub fn routes(reader: Reader<DepartureBoard>) -> Router {
    Router::new()
        .route("/", get(page::page))
        .route("/board.css", get(assets::style))
        .route("/board.js", get(assets::script))
        .route("/v1/board/{airport}", get(api::board))
        .with_state(reader)
}
