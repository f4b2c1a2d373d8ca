use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderValue, Response, StatusCode};
use serde::Serialize;

use crate::commit::{Stored, StoredEvent};

/// The answer that events are stored: now (201), or before (200).
pub(super) fn receipt(stored: &Stored) -> Response<Body> {
    let receipt = Receipt {
        stream: stored.events.first().map(|event| event.aggregate.domain().stream()),
        sequence: stored.last(),
        events: stored.events.iter().map(Event::of).collect(),
        repeated: stored.is_repeated(),
    };
    // Texts and numbers always have a JSON form.
    let receipt = serde_json::to_vec(&receipt).unwrap_or_default();
    let mut response = Response::new(Body::from(receipt));
    *response.status_mut() = if stored.is_repeated() { StatusCode::OK } else { StatusCode::CREATED };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(tag) = stored.version().and_then(entity_tag) {
        headers.insert(ETAG, tag);
    }
    response
}

/// A version, as `ETag` and `If-Match` write it.
pub(super) fn entity_tag(version: u64) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{version}\"")).ok()
}

/// What a client learns, in the order in which people read it.
#[derive(Serialize)]
struct Receipt<'a> {
    stream: Option<String>,
    sequence: u64,
    events: Vec<Event<'a>>,
    repeated: bool,
}

#[derive(Serialize)]
struct Event<'a> {
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    event_type: &'a str,
    subject: &'a str,
    sequence: u64,
    repeated: bool,
}

impl<'a> Event<'a> {
    fn of(event: &'a StoredEvent) -> Self {
        let StoredEvent { id, source, event_type, aggregate, sequence, repeated } = event;
        Self { id, source, event_type, subject: aggregate.id(), sequence: *sequence, repeated: *repeated }
    }
}
