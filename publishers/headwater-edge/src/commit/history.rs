use std::collections::HashMap;

use headwater_event::Fingerprint;
use headwater_log::StoredEvent;

/// What the edge knows of an aggregate: its version, and where each of its events is.
///
/// The broker recognises an event that is sent again for some minutes; this does for as long as the event is stored.
#[derive(Debug, Default)]
pub(super) struct History {
    version: u64,
    sequences: HashMap<Fingerprint, u64>,
    /// Whether it was read from the log at all.
    loaded: bool,
}

impl History {
    /// The sequence of the aggregate's last event, as far as is known; 0 when there is none.
    pub(super) fn version(&self) -> u64 {
        self.version
    }

    pub(super) fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// How many events it knows.
    pub(super) fn len(&self) -> usize {
        self.sequences.len()
    }

    /// Where an event is stored.
    pub(super) fn sequence_of(&self, event: Fingerprint) -> Option<u64> {
        self.sequences.get(&event).copied()
    }

    /// Takes in the events after its version, as they are read.
    pub(super) fn read_on(&mut self, events: &[StoredEvent]) {
        self.loaded = true;
        for event in events {
            self.push(event.envelope.fingerprint(), event.sequence);
        }
    }

    /// Takes in an event that was stored after its version.
    pub(super) fn push(&mut self, event: Fingerprint, sequence: u64) {
        self.version = self.version.max(sequence);
        self.sequences.insert(event, sequence);
    }

    /// Forgets everything: the stream isn't the one that it knew.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
