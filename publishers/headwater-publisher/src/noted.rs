use std::sync::{Mutex, MutexGuard, PoisonError};

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
    /// Whether a task is noting.
    busy: bool,
}

impl Noted {
    /// The notes after this root, which stand for all events up to a snapshot's.
    pub(crate) fn from_snapshot(root: String, up_to: u64) -> Self {
        Self(Mutex::new(State { root: Some(root), up_to, busy: false }))
    }

    pub(crate) fn root(&self) -> Option<String> {
        self.lock().root.clone()
    }

    pub(crate) fn up_to(&self) -> u64 {
        self.lock().up_to
    }

    /// Whether the caller may note now: nobody else does.
    pub(crate) fn begin(&self) -> bool {
        !std::mem::replace(&mut self.lock().busy, true)
    }

    pub(crate) fn end(&self) {
        self.lock().busy = false;
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
