use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The projections with a table of the live build that isn't shown yet, because a commit waits for no reader. All copies
/// of a configuration share it, so whoever shows builds learns of it.
#[derive(Clone, Default)]
pub(super) struct Unshown(Arc<Mutex<BTreeSet<String>>>);

impl Unshown {
    pub(super) fn add(&self, projection: &str) {
        self.names().insert(projection.to_owned());
    }

    pub(super) fn contains(&self, projection: &str) -> bool {
        self.names().contains(projection)
    }

    /// To be called before it is shown: a table that is made meanwhile is another one.
    pub(super) fn remove(&self, projection: &str) -> bool {
        self.names().remove(projection)
    }

    /// A panic elsewhere can't leave the set half-changed.
    fn names(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
