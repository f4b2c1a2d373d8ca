use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use headwater_event::Domain;
use headwater_log::Checkpoint;
use tokio::sync::watch;

use crate::commits::Commits;
use crate::parts::Parts;
use crate::state::State;
use crate::store::Write;
use crate::streams::Arrival;
use crate::{Positions, StoreError, View};

/// The stores that a view reads, which change when another build goes live, and when partitions come and go. Cloning shares them.
#[derive(Clone)]
pub(crate) struct Shown(Arc<RwLock<Parts>>);

impl Shown {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(RwLock::new(parts)))
    }

    pub(crate) fn parts(&self) -> Parts {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, parts: Parts) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = parts;
    }
}

impl Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().fmt(f)
    }
}

/// What answers queries: this build's own state, or that of the build that is live instead.
#[derive(Debug)]
pub(crate) struct Front {
    /// The stores of the own state.
    own: Shown,
    progress: Mutex<Progress>,
    shown: Shown,
    /// Who is told of commits to what is shown.
    commits: Commits,
    position: watch::Sender<Positions>,
    applied: watch::Sender<Positions>,
}

/// Up to where the own state's partitions have read that are here.
#[derive(Debug, Default)]
struct Progress(BTreeMap<u32, Positions>);

impl Progress {
    /// Up to where all of them have read: the low watermark. Of a stream of which one has read nothing, that is 0. `None` when none is here.
    fn low_watermark(&self) -> Option<Positions> {
        let mut all = self.0.values();
        let mut lowest = all.next()?.clone();
        all.for_each(|other| lowest.lower(other));
        Some(lowest)
    }
}

impl Front {
    /// Shows the own state, which is built of the streams of these domains. None of it is here yet.
    pub(crate) fn new<'d>(domains: impl IntoIterator<Item = &'d Domain>) -> Self {
        // Also streams of which nothing is read yet are named.
        let positions: Positions = domains.into_iter().map(|domain| (domain.clone(), 0)).collect();
        let (position, applied) = (watch::Sender::new(positions.clone()), watch::Sender::new(positions));
        let [own, shown] = [(); 2].map(|()| Shown::new(Parts::default()));
        Self { own, progress: Mutex::default(), shown, commits: Commits::default(), position, applied }
    }

    /// A partition of the own state is here.
    pub(crate) fn add(&self, state: &State) -> Result<(), StoreError> {
        let mut positions = self.nowhere();
        let read = state.checkpoints()?;
        read.iter().for_each(|(domain, checkpoint)| positions.set(domain, checkpoint.sequence));
        let number = state.partition().index();
        self.change_own(|parts, progress| {
            parts.insert(number, state.store());
            progress.0.insert(number, positions);
        });
        Ok(())
    }

    /// A partition of the own state isn't here any longer.
    pub(crate) fn remove(&self, number: u32) {
        self.change_own(|parts, progress| {
            parts.remove(number);
            progress.0.remove(&number);
        });
    }

    pub(crate) fn view(&self) -> View {
        View::new(self.shown.clone())
    }

    /// The own state, whichever is shown.
    pub(crate) fn own_view(&self) -> View {
        View::new(self.own.clone())
    }

    /// The stores of the own state.
    pub(crate) fn parts(&self) -> Parts {
        self.own.parts()
    }

    pub(crate) fn commits(&self) -> &Commits {
        &self.commits
    }

    /// The positions of what is shown.
    pub(crate) fn position(&self) -> &watch::Sender<Positions> {
        &self.position
    }

    /// The positions of the own state.
    pub(crate) fn applied(&self) -> &watch::Sender<Positions> {
        &self.applied
    }

    /// Commits what events have written to a partition of the own state, by which it gets there, and tells those who listen.
    pub(crate) fn commit(
        &self,
        state: &mut State,
        writes: Vec<Write>,
        events: &[Arrival],
        checkpoints: &[(Domain, Checkpoint)],
    ) -> Result<(), StoreError> {
        if checkpoints.is_empty() {
            return Ok(());
        }
        let mut committing = self.commits.begin(&writes);
        state.commit(writes, checkpoints)?;
        let low_watermark = {
            let mut progress = self.progress();
            if let Some(positions) = progress.0.get_mut(&state.partition().index()) {
                checkpoints
                    .iter()
                    .for_each(|(domain, checkpoint)| positions.set(domain, checkpoint.sequence));
            }
            progress.low_watermark().unwrap_or_else(|| self.nowhere())
        };
        // Whoever waits for the position finds all else told.
        committing.tell(events, &low_watermark);
        if committing.is_shown() {
            self.position.send_replace(low_watermark.clone());
        }
        self.applied.send_replace(low_watermark);
        Ok(())
    }

    pub(crate) fn show_own(&self) {
        if *self.commits.shown() {
            return;
        }
        self.commits.change(|shows_own| {
            *shows_own = true;
            self.show_parts();
        });
    }

    pub(crate) fn show(&self, other: Parts) -> Result<(), StoreError> {
        let mut positions = self.nowhere();
        positions.advance(&View::new(Shown::new(other.clone())).positions()?);
        self.commits.change(|shows_own| {
            *shows_own = false;
            self.shown.replace(other);
            self.position.send_replace(positions);
        });
        Ok(())
    }

    /// Whoever listens has to begin anew if it is shown: other rows are there.
    fn change_own(&self, change: impl FnOnce(&mut Parts, &mut Progress)) {
        self.commits.change(|shows_own| {
            let mut parts = self.own.parts();
            let low_watermark = {
                let mut progress = self.progress();
                change(&mut parts, &mut progress);
                progress.low_watermark()
            };
            self.own.replace(parts);
            self.applied.send_replace(low_watermark.unwrap_or_else(|| self.nowhere()));
            if *shows_own {
                self.show_parts();
            }
        });
    }

    fn show_parts(&self) {
        self.shown.replace(self.own.parts());
        self.position.send_replace(self.applied.borrow().clone());
    }

    fn nowhere(&self) -> Positions {
        self.applied.borrow().iter().map(|(domain, _)| (domain.clone(), 0)).collect()
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
