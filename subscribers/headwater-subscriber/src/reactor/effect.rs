use std::fmt;
use std::time::Instant;

use headwater_event::Fingerprint;
use headwater_log::StoredEvent;

/// One attempt to do what an event asks for.
#[derive(Debug, Clone)]
pub struct Effect {
    /// The same for every attempt, on whatever machine and at whatever time. Hand it to whoever does the effect, so that he does
    /// it once.
    pub key: IdempotencyKey,
    /// Which attempt this is, from 1. After a restart it is 1 again.
    pub attempt: u32,
    /// When the attempt is given up.
    pub deadline: Instant,
}

impl Effect {
    /// An attempt of the reactor `name` on this event.
    #[must_use]
    pub fn new(name: &str, event: &StoredEvent, attempt: u32, deadline: Instant) -> Self {
        Self { key: IdempotencyKey::new(name, event), attempt, deadline }
    }
}

/// A name for what a reactor does about an event, made of the reactor's name and the event's `source` and `id`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The name of what the reactor `name` does about this event.
    #[must_use]
    pub fn new(name: &str, event: &StoredEvent) -> Self {
        let event: Fingerprint = event.envelope.fingerprint();
        Self(format!("{name}-{event}"))
    }

    /// The key as text: letters, digits, `-` and `_`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
