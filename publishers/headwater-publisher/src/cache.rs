use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use headwater_event::{Decider, EventSet, Fingerprint};
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

    /// Where the events of the command are stored whose first event this is.
    pub(crate) fn handled(&self, first_event: Fingerprint) -> Option<u64> {
        self.sequences.get(&first_event).copied()
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
pub(crate) struct Cache<D>(Mutex<LruCache<String, Loaded<D>>>);

impl<D> Cache<D> {
    pub(crate) fn new(aggregates_max: NonZeroUsize) -> Self {
        Self(Mutex::new(LruCache::new(aggregates_max)))
    }

    /// Takes an aggregate out: whoever decides on it has it alone.
    pub(crate) fn take(&self, id: &str) -> Option<Loaded<D>> {
        self.lock().pop(id)
    }

    pub(crate) fn put(&self, id: &str, loaded: Loaded<D>) {
        self.lock().put(id.to_owned(), loaded);
    }

    /// A panic while the lock is held can't leave an entry half-made: entries are moved in and out.
    fn lock(&self) -> std::sync::MutexGuard<'_, LruCache<String, Loaded<D>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
