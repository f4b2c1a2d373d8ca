use crate::Positions;
use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use serde::Serialize;

/// What was read from a projection, and the position that it reflects.
///
/// As a response it is JSON, with the position in the header `Headwater-Position` and in the `ETag`. A client that has what is
/// there gets 304. Of a divided state, the header `Headwater-Partitions` says which partitions it is of, and of how many: `0,3,5/6`.
#[derive(Debug)]
pub struct Answer<T> {
    pub(super) tag: String,
    pub(super) positions: Positions,
    /// Of a divided state, which partitions it is of.
    pub(super) partitions: Option<String>,
    /// `None` when the client has it.
    pub(super) read: Option<T>,
}

/// The header that says which position an answer reflects.
pub(super) const POSITION: HeaderName = HeaderName::from_static("headwater-position");

/// The header that says of which partitions an answer is.
const PARTITIONS: HeaderName = HeaderName::from_static("headwater-partitions");

impl<T> Answer<T> {
    /// The position that it reflects.
    #[must_use]
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// What was read; `None` when the client has it already, and `If-None-Match` says so.
    #[must_use]
    pub fn read(&self) -> Option<&T> {
        self.read.as_ref()
    }

    /// What was read, without the position.
    #[must_use]
    pub fn into_read(self) -> Option<T> {
        self.read
    }

    /// The response that `render` makes of what was read, with the headers of the position.
    pub fn render(self, render: impl FnOnce(T, &Positions) -> Response<Body>) -> Response<Body> {
        let Self { tag, positions, partitions, read } = self;
        let mut response = match read {
            Some(read) => render(read, &positions),
            None => StatusCode::NOT_MODIFIED.into_response(),
        };
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::try_from(positions.to_string()) {
            headers.insert(POSITION, value);
        }
        if let Some(Ok(value)) = partitions.map(HeaderValue::try_from) {
            headers.insert(PARTITIONS, value);
        }
        if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
            let headers = response.headers_mut();
            if let Ok(value) = HeaderValue::try_from(tag) {
                headers.insert(ETAG, value);
            }
            // It may be kept, and is asked for again each time.
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        response
    }
}

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response<Body> {
        self.render(|read, _| json(StatusCode::OK, &read))
    }
}

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = status;
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
        Err(error) => {
            tracing::error!(%error, "an answer has no JSON form");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
