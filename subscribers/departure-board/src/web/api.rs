use axum::extract::{Path, State};
use flight_events::Airport;
use headwater_log::service::http::Problem;
use headwater_subscriber::View;
use headwater_subscriber::http::{Answer, Freshness, Reader};

use super::moment::moment;
use super::problems::{no_airport, no_clock};
use super::request::BoardQuery;
use crate::{Board, DepartureBoard};

/// The airports that have a board.
pub(super) const AIRPORTS: [&str; 3] = ["EWR", "JFK", "LGA"];

/// `GET /v1/board/{airport}?at=`: the board as JSON.
pub(super) async fn board(
    State(reader): State<Reader<DepartureBoard>>,
    Path(code): Path<String>,
    query: BoardQuery,
    freshness: Freshness,
) -> Result<Answer<Board>, Problem> {
    let airport = airport(&code)?;
    let at = moment(query.at.as_deref())?;
    // Whoever waits for a position wants the clock of that position, too.
    reader.reaches(&freshness).await?;
    let known = at.or_else(|| reader.clock()).ok_or_else(no_clock)?;
    let clock = reader.clone();
    let read = move |projection: &DepartureBoard, view: &View| {
        // Not before the snapshot is taken: under its tag, the client keeps what is read here.
        let at = at.or_else(|| clock.clock()).unwrap_or(known);
        Board::read(projection, view, airport, at)
    };
    reader.read(&freshness, read).await
}

pub(super) fn airport(code: &str) -> Result<Airport, Problem> {
    let known = AIRPORTS.contains(&code).then(|| code.parse().ok()).flatten();
    known.ok_or_else(|| no_airport(code))
}
