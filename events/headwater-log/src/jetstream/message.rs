use async_nats::HeaderMap;
use headwater_event::{Domain, Envelope};
use jiff::Timestamp;

use crate::{ReadError, StoredEvent};

/// The headers of an event in binary mode.
pub(super) fn headers(event: &Envelope) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in event.headers() {
        // Both are printable ASCII by what an envelope guarantees.
        headers.insert(name.as_ref(), value.as_ref());
    }
    headers.insert(async_nats::header::NATS_MESSAGE_ID, event.fingerprint().to_string());
    headers
}

/// How many bytes the server counts against its limit.
pub(super) fn size(headers: &HeaderMap, payload: &[u8]) -> usize {
    const FRAME: usize = "NATS/1.0\r\n\r\n".len();
    let headers: usize = headers
        .iter()
        .flat_map(|(name, values)| values.iter().map(move |value| (name, value)))
        .map(|(name, value)| AsRef::<str>::as_ref(name).len() + value.as_str().len() + ": \r\n".len())
        .sum();
    FRAME + headers + payload.len()
}

/// Reads a stored message in either content mode.
pub(super) fn stored(
    domain: &Domain,
    sequence: u64,
    stored_at: Timestamp,
    headers: Option<&HeaderMap>,
    payload: &bytes::Bytes,
) -> Result<StoredEvent, ReadError> {
    let headers = headers.into_iter().flat_map(HeaderMap::iter).flat_map(|(name, values)| {
        values.iter().map(move |value| (AsRef::<str>::as_ref(name), value.as_str()))
    });
    let envelope = Envelope::from_message(headers, payload)
        .map_err(|source| ReadError::Malformed { domain: domain.clone(), sequence, source })?;
    Ok(StoredEvent { sequence, stored_at, envelope })
}
