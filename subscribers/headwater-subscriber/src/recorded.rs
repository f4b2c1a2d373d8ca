use headwater_event::{DecodeError, Envelope, Event};
use headwater_log::StoredEvent;
use jiff::Timestamp;

/// An event as a subscriber sees it: its data as the current type, whatever version was stored, and what
/// the log knows of it.
#[derive(Debug)]
pub struct Recorded<'a, E> {
    /// What happened.
    pub data: E,
    stored: &'a StoredEvent,
}

impl<'a, E: Event> Recorded<'a, E> {
    /// Reads the data of an event that was stored as `version`.
    ///
    /// # Errors
    ///
    /// As [`Event::decode`].
    pub fn decode(stored: &'a StoredEvent, version: u32) -> Result<Self, DecodeError> {
        Ok(Self { data: E::decode(version, stored.envelope.data())?, stored })
    }

    /// The CloudEvent that carries the data.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.stored.envelope
    }

    /// The event's place in its stream, from 1.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.stored.sequence
    }

    /// When it happened, as its publisher says; else when it was stored.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.stored.envelope.time().unwrap_or(self.stored.stored_at)
    }
}
