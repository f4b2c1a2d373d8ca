use std::collections::{HashMap, VecDeque};

use headwater_event::Fingerprint;

/// The last events of a stream, for telling a retry from a new event: what the broker's duplicate
/// window is, bounded by number instead of time.
#[derive(Debug, Default)]
pub(super) struct DuplicateWindow {
    sequences: HashMap<Fingerprint, u64>,
    order: VecDeque<Fingerprint>,
}

impl DuplicateWindow {
    /// How many events are remembered: at two minutes, more than 500 a second.
    pub(super) const EVENTS: u64 = 65_536;

    pub(super) fn get(&self, event: Fingerprint) -> Option<u64> {
        self.sequences.get(&event).copied()
    }

    pub(super) fn insert(&mut self, event: Fingerprint, sequence: u64) {
        if self.sequences.insert(event, sequence).is_none() {
            self.order.push_back(event);
        }
        while self.order.len() as u64 > Self::EVENTS {
            if let Some(oldest) = self.order.pop_front() {
                self.sequences.remove(&oldest);
            }
        }
    }
}
