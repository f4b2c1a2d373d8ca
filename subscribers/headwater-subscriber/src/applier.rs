use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_event::Domain;
use headwater_log::Checkpoint;
use tokio::sync::mpsc;

use crate::front::Front;
use crate::overlay::Overlay;
use crate::state::State;
use crate::store::Write;
use crate::streams::Arrival;
use crate::{ApplyError, Projection, ProjectorError, StoreError, Tx};

/// How many events may share a commit. A live projection commits what has arrived, at once; one that
/// catches up gathers, because a store's cost is by commit.
pub(crate) const EVENTS_PER_COMMIT: usize = 1000;

/// How many bytes of events may share a commit, about.
const BYTES_PER_COMMIT: usize = 2 * 1024 * 1024;

/// What is handed to an applier at once.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// In the order of their streams.
    pub(crate) events: Vec<Arrival>,
    /// Up to where the streams are read, events for others included.
    pub(crate) passed: Vec<(usize, Checkpoint)>,
}

/// The side of a projector that works with the store of a partition, on a thread that may block.
pub(crate) struct Applier<P> {
    projection: Arc<P>,
    /// Of the streams, in the order in which events name them.
    domains: Vec<Domain>,
    /// Up to where the streams are applied.
    applied: Vec<u64>,
    state: State,
    overlay: Overlay,
    front: Arc<Front>,
}

impl<P: Projection> Applier<P> {
    pub(crate) fn new(
        projection: Arc<P>,
        domains: Vec<Domain>,
        state: State,
        front: Arc<Front>,
    ) -> Result<Self, StoreError> {
        front.add(&state)?;
        let checkpoints = state.checkpoints()?;
        let at = |domain| checkpoints.get(domain).map_or(0, |checkpoint: &Checkpoint| checkpoint.sequence);
        let applied = domains.iter().map(at).collect();
        Ok(Self { projection, domains, applied, state, overlay: Overlay::default(), front })
    }

    /// The number of the partition that it works on.
    pub(crate) fn partition(&self) -> u32 {
        self.state.partition().index()
    }

    /// Applies what arrives until nothing more will. `waiting` is how many events have been handed over and not applied.
    pub(crate) fn run(
        mut self,
        mut arriving: mpsc::Receiver<Batch>,
        waiting: &AtomicU64,
    ) -> Result<State, ProjectorError> {
        let (mut events, mut passed) = (Vec::<Arrival>::with_capacity(EVENTS_PER_COMMIT), Vec::new());
        let mut applied = Ok(());
        while let Some(batch) = arriving.blocking_recv() {
            let mut next = Some(batch);
            while let Some(mut batch) = next {
                events.append(&mut batch.events);
                passed.append(&mut batch.passed);
                let has_room = events.len() < EVENTS_PER_COMMIT
                    && events.iter().map(Arrival::bytes).sum::<usize>() < BYTES_PER_COMMIT;
                next = if has_room { arriving.try_recv().ok() } else { None };
            }
            let count = events.len() as u64;
            applied = self.apply(&mut events).and_then(|()| self.pass(&passed));
            waiting.fetch_sub(count, Ordering::Relaxed);
            if applied.is_err() {
                break;
            }
            events.clear();
            passed.clear();
        }
        // Also what precedes an event that can't be applied is to stay.
        self.state.flush()?;
        applied.map(|()| self.state)
    }

    /// Applies events and commits what they write, all at once if that can be. What was applied before is
    /// passed over.
    pub(crate) fn apply(&mut self, events: &mut Vec<Arrival>) -> Result<(), ProjectorError> {
        events.retain(|arrival| arrival.event.sequence > self.applied[arrival.stream]);
        match self.stage(events) {
            Ok(writes) => return self.commit(writes, events),
            Err(ApplyError::Store(error)) if error.is_of_the_store() => return Err(error.into()),
            Err(_) => {}
        }
        // One by one they show which can't be applied, and what precedes it takes effect.
        for arrival in &*events {
            let event = slice::from_ref(arrival);
            let domain = &self.domains[arrival.stream].clone();
            let halted = |source| match source {
                // No event is to blame.
                ApplyError::Store(error) if error.is_of_the_store() => error.into(),
                source => ProjectorError::apply::<P>(domain, &arrival.event, source),
            };
            let writes = self.stage(event).map_err(halted)?;
            self.commit(writes, event)?;
        }
        Ok(())
    }

    /// What the events write. Nothing has taken effect yet.
    fn stage(&mut self, events: &[Arrival]) -> Result<Vec<Write>, ApplyError> {
        let staged = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(&self.state, &mut self.overlay)?;
            events.iter().try_for_each(|arrival| self.projection.dispatch(&arrival.event, &mut tx))?;
            Ok(self.overlay.take_writes()?)
        }));
        // A failed event may have written half of its changes.
        self.overlay.clear();
        staged.unwrap_or_else(|panic| Err(ApplyError::panicked(panic.as_ref())))
    }

    fn commit(&mut self, writes: Vec<Write>, events: &[Arrival]) -> Result<(), ProjectorError> {
        let last = |stream| events.iter().rev().find(|arrival| arrival.stream == stream);
        let checkpoint = |at: &Arrival| (at.stream, Checkpoint::new(at.created, &at.event));
        let checkpoints: Vec<_> = (0..self.domains.len()).filter_map(last).map(checkpoint).collect();
        self.commit_at(writes, events, &checkpoints)
    }

    /// Commits that the streams are read up to there, and nothing on the way was for this partition.
    fn pass(&mut self, passed: &[(usize, Checkpoint)]) -> Result<(), ProjectorError> {
        let mut further = Vec::new();
        for stream in 0..self.domains.len() {
            let last = passed.iter().rev().find(|(of, _)| *of == stream);
            further.extend(last.filter(|(_, at)| at.sequence > self.applied[stream]));
        }
        self.commit_at(Vec::new(), &[], &further)
    }

    fn commit_at(
        &mut self,
        writes: Vec<Write>,
        events: &[Arrival],
        checkpoints: &[(usize, Checkpoint)],
    ) -> Result<(), ProjectorError> {
        let named: Vec<_> =
            checkpoints.iter().map(|&(stream, at)| (self.domains[stream].clone(), at)).collect();
        self.front.commit(&mut self.state, writes, events, &named)?;
        checkpoints.iter().for_each(|&(stream, at)| self.applied[stream] = at.sequence);
        Ok(())
    }
}
