use std::fmt::Write as _;

use bytes::Bytes;
use headwater_event::{Aggregate, Domain, Envelope, Fingerprint};
use jiff::Timestamp;

use crate::append::NewEvent;
use crate::{ReadError, StoredEvent};

pub(super) const CREATED: &[u8] = b"m";

pub(super) fn event_key(sequence: u64) -> [u8; 9] {
    let mut key = [b'e'; 9];
    key[1..].copy_from_slice(&sequence.to_be_bytes());
    key
}

/// The keys of one aggregate's events, without the sequence. No id has a zero byte: they are escaped.
pub(super) fn aggregate_prefix(aggregate: &Aggregate) -> Vec<u8> {
    format!("a{}\0", aggregate.filter()).into_bytes()
}

pub(super) fn aggregate_key(prefix: &[u8], sequence: u64) -> Vec<u8> {
    [prefix, &sequence.to_be_bytes()].concat()
}

/// The sequence at the end of a key.
pub(super) fn sequence_of(key: &[u8]) -> u64 {
    key.last_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

/// Writes an event as a message is written on the wire: when it was stored, its fingerprint, its subject,
/// then a line for each header, an empty line, and the data.
pub(super) fn encode(stored_at: Timestamp, event: &NewEvent) -> Vec<u8> {
    let NewEvent { subject, fingerprint, envelope } = event;
    let mut text = String::with_capacity(512 + envelope.data().len());
    // Writing to a string can't fail.
    let _ = writeln!(text, "{}\n{fingerprint}\n{subject}", stored_at.as_microsecond());
    for (name, value) in envelope.headers() {
        let _ = writeln!(text, "{name}:{value}");
    }
    text.push('\n');
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(envelope.data());
    bytes
}

/// The fingerprint of a stored event, without reading the rest.
pub(super) fn fingerprint(record: &[u8]) -> Option<Fingerprint> {
    let bits = u128::from_str_radix(line(record, 1), 16).ok()?;
    Some(Fingerprint::from_bytes(bits.to_be_bytes()))
}

/// The subject of a stored event, without reading the rest.
pub(super) fn subject(record: &[u8]) -> &str {
    line(record, 2)
}

fn line(record: &[u8], index: usize) -> &str {
    let line = record.split(|&byte| byte == b'\n').nth(index).unwrap_or_default();
    std::str::from_utf8(line).unwrap_or_default()
}

pub(super) fn decode(domain: &Domain, sequence: u64, record: &[u8]) -> Result<StoredEvent, ReadError> {
    let corrupt = || ReadError::unavailable(domain, format!("the record of sequence {sequence} is corrupt"));
    let head_bytes = record.windows(2).position(|pair| pair == b"\n\n").ok_or_else(corrupt)?;
    let head = std::str::from_utf8(&record[..head_bytes]).map_err(|_| corrupt())?;
    let mut lines = head.lines();
    let micros = lines.next().and_then(|line| line.parse().ok()).ok_or_else(corrupt)?;
    let stored_at = Timestamp::from_microsecond(micros).map_err(|_| corrupt())?;
    let headers = lines.skip(2).filter_map(|line| line.split_once(':'));
    let data = Bytes::copy_from_slice(&record[head_bytes + 2..]);
    let envelope = Envelope::from_message(headers, &data).map_err(|source| ReadError::Malformed {
        domain: domain.clone(),
        sequence,
        source,
    })?;
    Ok(StoredEvent { sequence, stored_at, envelope })
}
