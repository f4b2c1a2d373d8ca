use axum::body::Body;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use crate::problem::{Problem, ProblemKind};

/// Reads a body of up to `bytes_max`, as far as it arrives before the deadline.
pub(super) async fn read(
    headers: &HeaderMap,
    body: Body,
    bytes_max: usize,
    deadline: Instant,
) -> Result<Bytes, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > bytes_max as u64) {
        return Err(too_large(bytes_max));
    }
    let mut chunks = body.into_data_stream();
    let mut read = BytesMut::new();
    loop {
        let chunk = timeout_at(deadline, chunks.next()).await.map_err(|_| {
            Problem::new(ProblemKind::REQUEST_TIMEOUT, "the body didn't arrive in time; nothing was stored")
        })?;
        match chunk {
            None => return Ok(read.freeze()),
            Some(Ok(chunk)) if read.len() + chunk.len() > bytes_max => return Err(too_large(bytes_max)),
            Some(Ok(chunk)) => read.extend_from_slice(&chunk),
            Some(Err(error)) => {
                let detail = format!("the body can't be read: {error}");
                return Err(Problem::new(ProblemKind::MALFORMED_EVENT, detail));
            }
        }
    }
}

fn too_large(bytes_max: usize) -> Problem {
    let detail = format!(
        "the body has more than {bytes_max} bytes; send fewer events at once, or keep large data elsewhere and publish a reference"
    );
    Problem::new(ProblemKind::TOO_LARGE, detail).with("bytes_max", bytes_max as u64)
}
