use async_nats::{HeaderMap, HeaderName};
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
        match COMMON.iter().find(|(common, _)| *common == name) {
            Some((_, common)) => headers.insert(common.clone(), value.as_ref()),
            None => headers.insert(name.as_ref(), value.as_ref()),
        }
    }
    headers
}

/// The headers that all of our events have: their names needn't be made anew.
static COMMON: [(&str, HeaderName); 11] = [
    common("ce-specversion"),
    common("ce-id"),
    common("ce-source"),
    common("ce-type"),
    common("ce-subject"),
    common("ce-time"),
    common("ce-datacontenttype"),
    common("ce-dataschema"),
    common("ce-causationid"),
    common("ce-correlationid"),
    common("ce-traceparent"),
];

const fn common(name: &'static str) -> (&'static str, HeaderName) {
    (name, HeaderName::from_static(name))
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
