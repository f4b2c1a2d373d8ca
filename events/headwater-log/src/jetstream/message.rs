use async_nats::HeaderMap;
use headwater_event::{Domain, Envelope};
use jiff::Timestamp;

use crate::append::NewEvent;
use crate::{ReadError, StoredEvent};

/// The headers of an event in binary mode, with the id by which the broker recognises it.
pub(super) fn headers(event: &NewEvent) -> HeaderMap {
    let mut headers = attributes(event);
    headers.insert(async_nats::header::NATS_MESSAGE_ID, event.fingerprint.to_string());
    headers
}

/// The headers of an event in binary mode.
pub(super) fn attributes(event: &NewEvent) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in event.envelope.headers() {
        // Both are printable ASCII by what an envelope guarantees.
        headers.insert(name.as_ref(), value.as_ref());
    }
    headers
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
    let envelope = Envelope::from_message(headers, payload).map_err(|source| ReadError::Malformed {
        domain: domain.clone(),
        sequence,
        source,
    })?;
    Ok(StoredEvent { sequence, stored_at, envelope })
}
