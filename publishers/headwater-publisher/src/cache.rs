use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

use headwater_event::Aggregate;
use lru::LruCache;

use crate::loaded::Loaded;

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
