use std::collections::HashMap;

use headwater_event::{CommandContext, Decider, EventSet, Fingerprint};
use headwater_log::StoredEvent;

use crate::UnreadableHistory;

/// An aggregate as its events make it.
pub(crate) struct Loaded<D> {
    pub(crate) state: D,
    /// The sequence of its last event, 0 when there is none.
    pub(crate) version: u64,
    /// Where each event is stored, to tell a command that was handled before.
    sequences: HashMap<Fingerprint, u64>,
}

/// What a command came to that was handled before.
pub(crate) struct Handled {
    /// The ids of its events, in their order.
    pub(crate) events: Vec<String>,
    /// The sequence of the last one.
    pub(crate) sequence: u64,
}

impl<D: Decider> Loaded<D> {
    /// The aggregate before its first event.
    pub(crate) fn new() -> Self {
        Self { state: D::default(), version: 0, sequences: HashMap::new() }
    }

    pub(crate) fn from_events(events: &[StoredEvent]) -> Result<Self, UnreadableHistory> {
        let mut loaded = Self::new();
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
            loaded.evolve(&event, envelope.fingerprint(), stored.sequence);
        }
        Ok(loaded)
    }

    /// What the command came to, if it was handled before by the service that is named `source`.
    pub(crate) fn handled(&self, source: &str, command: &CommandContext) -> Option<Handled> {
        handled(command, |id| self.sequence_of(source, id))
    }

    /// Where this service's event is stored, if it is one of the aggregate's.
    pub(crate) fn sequence_of(&self, source: &str, id: &str) -> Option<u64> {
        self.sequences.get(&Fingerprint::new(source, id)).copied()
    }

    /// Applies an event that is stored at `sequence`.
    pub(crate) fn evolve(&mut self, event: &D::Event, fingerprint: Fingerprint, sequence: u64) {
        self.state.evolve(event);
        self.version = sequence;
        self.sequences.insert(fingerprint, sequence);
    }
}

/// What a command came to, by where its events are stored.
pub(crate) fn handled(
    command: &CommandContext,
    sequence_of: impl Fn(&str) -> Option<u64>,
) -> Option<Handled> {
    let known = |index| {
        let id = command.event_id(index);
        let sequence = sequence_of(&id)?;
        Some((id, sequence))
    };
    // They were stored all or none, so the ones that are there are all.
    let (events, sequences): (Vec<_>, Vec<_>) = (0..).map_while(known).unzip();
    sequences.last().map(|&sequence| Handled { events, sequence })
}
