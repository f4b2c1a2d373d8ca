use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use headwater_log::service::http::Problem;
use headwater_subscriber::http::{Freshness, Reader};
use jiff::Timestamp;

use super::api::{AIRPORTS, airport};
use super::moment::{local, moment};
use super::names;
use super::request::BoardQuery;
use super::sign::Sign;
use crate::{Board, DepartureBoard};

/// Everything comes from here, and nothing else runs.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
                      img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// `GET /?airport=JFK&at=`: the board as a page.
///
/// It is whole without JavaScript, and then asks for itself again every half minute; with it, it follows the changes.
pub(super) async fn page(
    State(reader): State<Reader<DepartureBoard>>,
    query: BoardQuery,
) -> Result<Response<Body>, Problem> {
    let code = query.airport.as_deref().filter(|code| !code.is_empty()).unwrap_or(AIRPORTS[1]);
    let airport = airport(code)?;
    let named = moment(query.at.as_deref())?;
    let board = match named.or_else(|| reader.clock()) {
        None => None,
        Some(at) => {
            let read =
                move |projection: &DepartureBoard, view: &_| Board::read(projection, view, airport, at);
            // The page also changes with this code, so no client is told that it has it.
            let answer = reader.read(&Freshness::any(), read).await?;
            answer.into_read()
        }
    };
    let page = Page::new(code, named, board.as_ref());
    Ok(match page.render() {
        Ok(text) => html(text),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    })
}

fn html(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (HeaderName::from_static("referrer-policy"), "no-referrer"),
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

#[derive(Template)]
#[template(path = "board.html")]
struct Page {
    airports: Vec<Choice>,
    code: String,
    name: String,
    /// Whether the board goes on by itself: not when a moment is named.
    live: bool,
    clock: Option<Clock>,
    /// The moment that was named, as a form writes it.
    at: String,
    lines: Vec<Sign>,
}

struct Choice {
    code: &'static str,
    name: String,
    chosen: bool,
}

struct Clock {
    time: String,
    weekday: String,
    day: String,
    iso: String,
}

impl Page {
    fn new(code: &str, named: Option<Timestamp>, board: Option<&Board>) -> Self {
        let name = |code: &str| code.parse().map_or_else(|_| code.to_owned(), names::airport);
        let airports = AIRPORTS.map(|other| Choice { code: other, name: name(other), chosen: other == code });
        let now = board.map(|board| local(board.at));
        let lines = board
            .zip(now.as_ref())
            .map(|(board, now)| board.lines.iter().map(|line| Sign::of(line, now.date())).collect());
        Self {
            airports: airports.into(),
            code: code.to_owned(),
            name: name(code),
            live: named.is_none(),
            clock: now.map(|now| Clock {
                time: now.strftime("%H:%M").to_string(),
                weekday: now.strftime("%A").to_string(),
                day: now.strftime("%-d %B %Y").to_string(),
                iso: now.strftime("%Y-%m-%dT%H:%M%:z").to_string(),
            }),
            at: named.map(|named| local(named).strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default(),
            lines: lines.unwrap_or_default(),
        }
    }
}
