use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::snapshot::Snapshot;

/// What is noted beside the log of an aggregate that is in memory, shared with the task that notes it.
#[derive(Default)]
pub(crate) struct Noted(Mutex<State>);

#[derive(Default)]
struct State {
    /// Which notes they are: those that came after this root. Notes may be removed at any time, and then there is another root, or
    /// none.
    root: Option<String>,
    /// Up to which sequence events are noted.
    up_to: u64,
    /// The newest snapshot, if it is still to be kept.
    next: Option<Snapshot>,
    /// Whether a task is keeping snapshots.
    busy: bool,
}

impl Noted {
    /// The notes that a snapshot relies on.
    pub(crate) fn from_snapshot(snapshot: &Snapshot) -> Self {
        let (root, up_to) = (snapshot.root.clone(), snapshot.noted);
        Self(Mutex::new(State { root, up_to, ..State::default() }))
    }

    /// The root, and up to which sequence events are noted after it.
    pub(crate) fn so_far(&self) -> (Option<String>, u64) {
        let state = self.lock();
        (state.root.clone(), state.up_to)
    }

    /// Lets a snapshot be kept, in the place of one that still waits. The caller has to begin with it when nobody else keeps one.
    #[must_use]
    pub(crate) fn add(&self, snapshot: Snapshot) -> bool {
        let mut state = self.lock();
        state.next = Some(snapshot);
        !std::mem::replace(&mut state.busy, true)
    }

    /// The snapshot to keep next. When there is none, whoever asks has come to the end.
    pub(crate) fn next(&self) -> Option<Snapshot> {
        let mut state = self.lock();
        let next = state.next.take();
        state.busy = next.is_some();
        next
    }

    /// From now on notes come after this root; nothing is noted after it yet.
    pub(crate) fn begin_after(&self, root: String) {
        let mut state = self.lock();
        (state.root, state.up_to) = (Some(root), 0);
    }

    /// The notes are gone.
    pub(crate) fn lose(&self) {
        let mut state = self.lock();
        (state.root, state.up_to) = (None, 0);
    }

    /// Events up to this sequence are noted.
    pub(crate) fn reach(&self, sequence: u64) {
        let mut state = self.lock();
        state.up_to = state.up_to.max(sequence);
    }

    /// A panic can't have left it half-changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
