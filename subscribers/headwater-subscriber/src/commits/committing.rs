use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::Timestamp;

use super::Listener;
use super::feed::{Change, CommittedRows, Feed};
use crate::Positions;
use crate::metrics::CommitMetrics;
use crate::store::Write;
use crate::streams::Arrival;

/// Who wants to know of a projection's commits. Cloning yields another handle.
#[derive(Debug, Clone)]
pub(crate) struct Commits {
    feed: Arc<Feed>,
    metrics: CommitMetrics,
    /// Whether what is committed is shown. Held from before a commit until it is told, so whoever begins to listen
    /// misses none.
    shown: Arc<Mutex<bool>>,
    clock: Arc<Mutex<Option<Timestamp>>>,
}

/// What is committed is shown.
impl Default for Commits {
    fn default() -> Self {
        Self {
            feed: Arc::default(),
            metrics: CommitMetrics::default(),
            shown: Arc::new(Mutex::new(true)),
            clock: Arc::default(),
        }
    }
}

impl Commits {
    /// To be called before these are committed.
    pub(crate) fn begin(&self, writes: &[Write]) -> Committing<'_> {
        let shown = self.shown();
        // Nothing is kept when nobody listens.
        let changes = if *shown && self.feed.is_heard() { Change::all(writes) } else { Vec::new() };
        Committing { commits: self, shown, changes, rows: Change::count(writes), begun: Instant::now() }
    }

    /// Changes what is shown, between two commits, and says whether that is what is committed. Whoever listens has to begin anew.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut bool) -> T) -> T {
        let mut shown = self.shown();
        let changed = change(&mut shown);
        self.feed.restart();
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner) = None;
        changed
    }

    /// Whether what is committed is shown.
    pub(crate) fn shown(&self) -> MutexGuard<'_, bool> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Listens from the present on, which `present` says at once: no commit begins meanwhile. It waits for one that is under way.
    pub(crate) fn listen(
        &self,
        last_id: Option<&str>,
        present: impl FnOnce() -> Positions,
    ) -> (Listener, Positions) {
        let _shown = self.shown();
        let positions = present();
        (Listener::begin(&self.feed, last_id, &positions), positions)
    }

    pub(crate) fn metrics(&self) -> &CommitMetrics {
        &self.metrics
    }

    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// When the last event happened that was committed, as far as this process knows.
    pub(crate) fn clock(&self) -> Option<Timestamp> {
        *self.clock.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says when the event happened up to which an earlier process has committed.
    pub(crate) fn set_clock(&self, time: Timestamp) {
        self.clock.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(time);
    }
}

/// A commit that is under way. One that fails is dropped, and nobody is told.
pub(crate) struct Committing<'a> {
    commits: &'a Commits,
    shown: MutexGuard<'a, bool>,
    changes: Vec<Change>,
    rows: usize,
    begun: Instant,
}

impl Committing<'_> {
    /// Whether what is committed is shown.
    pub(crate) fn is_shown(&self) -> bool {
        *self.shown
    }

    /// The events are committed, and this is where the projection is now. No other commit begins before this is dropped.
    pub(crate) fn tell(&mut self, events: &[Arrival], positions: &Positions) {
        let Self { commits, shown, changes, rows, begun } = self;
        commits.metrics.committed(events.len(), *rows, begun.elapsed());
        if **shown {
            if let Some(Arrival { event, .. }) = events.last() {
                let time = event.envelope.time().unwrap_or(event.stored_at);
                *commits.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(time);
            }
            let changes = std::mem::take(changes);
            commits.feed.push(CommittedRows { positions: positions.clone(), changes });
        }
    }
}
