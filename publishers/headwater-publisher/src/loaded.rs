use std::collections::HashMap;
use std::sync::Arc;

use headwater_event::{Decider, EventSet, Fingerprint};
use headwater_log::StoredEvent;

use crate::UnreadableHistory;
use crate::noted::Noted;
use crate::snapshot::{Snapshot, Stored};

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
    /// An event that isn't among those.
    absent: Option<Fingerprint>,
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
            absent: None,
            noted: Arc::default(),
            since_snapshot: 0,
        }
    }

    /// The aggregate with this state, as the snapshot has it. The event `absent`, if any, isn't among those that are noted for it.
    pub(crate) fn from_snapshot(state: D, snapshot: &Snapshot, absent: Option<Fingerprint>) -> Self {
        let mut sequences: HashMap<_, _> =
            snapshot.events.iter().map(|Stored(event, sequence)| (*event, *sequence)).collect();
        sequences.insert(snapshot.event, snapshot.sequence);
        Self {
            state,
            version: snapshot.sequence,
            last: Some(snapshot.event),
            sequences,
            forgotten: snapshot.noted,
            absent,
            noted: Arc::new(Noted::from_snapshot(snapshot)),
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

    /// Whether this may be an event that it has forgotten.
    pub(crate) fn may_have_forgotten(&self, event: Fingerprint) -> bool {
        self.forgets() && self.absent != Some(event)
    }

    /// How many events it knows.
    pub(crate) fn remembers(&self) -> usize {
        self.sequences.len()
    }

    /// The events after this sequence, in their order.
    pub(crate) fn after_sequence(&self, sequence: u64) -> Vec<Stored> {
        let all = self.sequences.iter().map(|(event, sequence)| Stored(*event, *sequence));
        let mut after: Vec<_> = all.filter(|Stored(_, stored)| *stored > sequence).collect();
        after.sort_unstable_by_key(|Stored(_, stored)| *stored);
        after
    }

    /// Forgets the events up to this sequence, which are noted.
    pub(crate) fn forget(&mut self, sequence: u64) {
        self.sequences.retain(|_, stored| *stored > sequence);
        self.forgotten = self.forgotten.max(sequence);
        self.absent = None;
    }
}
