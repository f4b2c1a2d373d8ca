use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

/// `GET /board.css`
pub(super) async fn style() -> impl IntoResponse {
    asset("text/css; charset=utf-8", include_str!("../../assets/board.css"))
}

/// `GET /board.js`
pub(super) async fn script() -> impl IntoResponse {
    asset("text/javascript; charset=utf-8", include_str!("../../assets/board.js"))
}

/// They change with the service, so they are asked for again.
fn asset(media_type: &'static str, text: &'static str) -> impl IntoResponse {
    let nosniff = ("x-content-type-options", "nosniff");
    ([(CONTENT_TYPE.as_str(), media_type), (CACHE_CONTROL.as_str(), "no-cache"), nosniff], text)
}
