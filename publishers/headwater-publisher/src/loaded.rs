use std::collections::HashMap;
use std::sync::Arc;

use headwater_event::{Decider, EventSet, Fingerprint};
use headwater_log::StoredEvent;

use crate::UnreadableHistory;
use crate::noted::Noted;

/// An aggregate as its events make it.
pub(crate) struct Loaded<D> {
    pub(crate) state: D,
    /// The sequence of its last event, 0 when there is none.
    pub(crate) version: u64,
    /// Which event that is.
    pub(crate) last: Option<Fingerprint>,
    /// Where each event is stored, to tell a command that was handled before.
    sequences: HashMap<Fingerprint, u64>,
    /// Up to which sequence events may be missing in `sequences`, because a snapshot stands for them.
    forgotten: u64,
    /// What is noted beside the log.
    pub(crate) noted: Arc<Noted>,
    /// How many events have happened since a snapshot was last taken.
    pub(crate) since_snapshot: usize,
}

impl<D: Decider> Loaded<D> {
    /// The aggregate before its first event.
    pub(crate) fn new() -> Self {
        Self {
            state: D::default(),
            version: 0,
            last: None,
            sequences: HashMap::new(),
            forgotten: 0,
            noted: Arc::default(),
            since_snapshot: 0,
        }
    }

    /// The aggregate at its event `last`, which is stored at `version`.
    pub(crate) fn from_snapshot(state: D, version: u64, last: Fingerprint, root: String) -> Self {
        Self {
            state,
            version,
            last: Some(last),
            sequences: HashMap::from([(last, version)]),
            forgotten: version,
            noted: Arc::new(Noted::from_snapshot(root, version)),
            since_snapshot: 0,
        }
    }

    /// The aggregate after these events too.
    pub(crate) fn after(mut self, events: &[StoredEvent]) -> Result<Self, UnreadableHistory> {
        for stored in events {
            let envelope = &stored.envelope;
            let unknown = |source| UnreadableHistory::UnknownEvent {
                event: envelope.id().to_owned(),
                type_name: envelope.type_name().to_owned(),
                source,
            };
            let event_type = envelope.event_type().map_err(|source| unknown(Some(source)))?;
            let event = D::Event::decode(event_type, envelope.data())
                .map_err(|source| UnreadableHistory::Decode { event: envelope.id().to_owned(), source })?
                .ok_or_else(|| unknown(None))?;
            self.evolve(&event, envelope.fingerprint(), stored.sequence);
        }
        Ok(self)
    }

    /// Applies an event that is stored at `sequence`.
    pub(crate) fn evolve(&mut self, event: &D::Event, fingerprint: Fingerprint, sequence: u64) {
        self.state.evolve(event);
        self.version = sequence;
        self.last = Some(fingerprint);
        self.sequences.insert(fingerprint, sequence);
        self.since_snapshot += 1;
    }
}

impl<D> Loaded<D> {
    /// Where an event is stored, if it is known to be one of the aggregate's.
    pub(crate) fn sequence_of(&self, event: Fingerprint) -> Option<u64> {
        self.sequences.get(&event).copied()
    }

    /// Whether it doesn't know all events that ever happened.
    pub(crate) fn forgets(&self) -> bool {
        self.forgotten > 0
    }

    /// How many events it knows.
    pub(crate) fn remembers(&self) -> usize {
        self.sequences.len()
    }

    /// The events that aren't noted, in their order.
    pub(crate) fn unnoted(&self) -> Vec<(Fingerprint, u64)> {
        let noted = self.noted.up_to();
        let sequences = self.sequences.iter().map(|(event, sequence)| (*event, *sequence));
        let mut unnoted: Vec<_> = sequences.filter(|(_, sequence)| *sequence > noted).collect();
        unnoted.sort_unstable_by_key(|(_, sequence)| *sequence);
        unnoted
    }

    /// Forgets the events that are noted.
    pub(crate) fn forget_noted(&mut self) {
        let noted = self.noted.up_to();
        self.sequences.retain(|_, sequence| *sequence > noted);
        self.forgotten = noted;
    }
}
