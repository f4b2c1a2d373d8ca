use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use headwater_event::{Aggregate, CommandContext, Decider, EventSet, Fingerprint};
use headwater_log::StoredEvent;
use lru::LruCache;

use crate::HandleError;

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

    pub(crate) fn from_events(events: &[StoredEvent]) -> Result<Self, HandleError<D::Rejection>> {
        let mut loaded = Self::new();
        for stored in events {
            let envelope = &stored.envelope;
            let unknown = |source| HandleError::UnknownEvent {
                event: envelope.id().to_owned(),
                type_name: envelope.type_name().to_owned(),
                source,
            };
            let event_type = envelope.event_type().map_err(|source| unknown(Some(source)))?;
            let event = D::Event::decode(event_type, envelope.data())
                .map_err(|source| HandleError::Decode { event: envelope.id().to_owned(), source })?
                .ok_or_else(|| unknown(None))?;
            loaded.evolve(&event, envelope.fingerprint(), stored.sequence);
        }
        Ok(loaded)
    }

    /// What the command came to, if it was handled before by the service that is named `source`.
    pub(crate) fn handled(&self, source: &str, command: &CommandContext) -> Option<Handled> {
        let known = |index| {
            let id = command.event_id(index);
            let sequence = *self.sequences.get(&Fingerprint::new(source, &id))?;
            Some((id, sequence))
        };
        // They were stored all or none, so the ones that are there are all.
        let (events, sequences): (Vec<_>, Vec<_>) = (0..).map_while(known).unzip();
        sequences.last().map(|&sequence| Handled { events, sequence })
    }

    /// Applies an event that is stored at `sequence`.
    pub(crate) fn evolve(&mut self, event: &D::Event, fingerprint: Fingerprint, sequence: u64) {
        self.state.evolve(event);
        self.version = sequence;
        self.sequences.insert(fingerprint, sequence);
    }
}

/// The aggregates that were used last. It only saves reads: whether a decision stands is for the log to
/// say, by the expected version.
pub(crate) struct Cache<D>(Mutex<LruCache<Aggregate, Loaded<D>>>);

impl<D> Cache<D> {
    pub(crate) fn new(aggregates_max: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(aggregates_max)))
    }

    /// Takes an aggregate out: whoever decides on it has it alone.
    pub(crate) fn take(&self, aggregate: &Aggregate) -> Option<Loaded<D>> {
        self.lock().pop(aggregate)
    }

    pub(crate) fn put(&self, aggregate: &Aggregate, loaded: Loaded<D>) {
        self.lock().put(aggregate.clone(), loaded);
    }

    /// A panic while the lock is held can't leave an entry half-made: entries are moved in and out.
    fn lock(&self) -> MutexGuard<'_, LruCache<Aggregate, Loaded<D>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
