use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::commit::{Stored, StoredEvent};

/// The answer that events are stored: now (201), or before (200).
pub(super) fn receipt(stored: &Stored) -> Response<Body> {
    let stream = stored.events.first().map(|event| event.aggregate.domain().stream());
    let receipt = json!({
        "stream": stream,
        "sequence": stored.last(),
        "events": stored.events.iter().map(event).collect::<Vec<_>>(),
        "repeated": stored.is_repeated(),
    });
    let mut response = Response::new(Body::from(receipt.to_string()));
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

fn event(event: &StoredEvent) -> Value {
    json!({
        "id": event.id,
        "source": event.source,
        "type": event.event_type,
        "subject": event.aggregate.id(),
        "sequence": event.sequence,
        "repeated": event.repeated,
    })
}
