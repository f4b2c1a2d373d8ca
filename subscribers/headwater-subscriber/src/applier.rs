use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice;
use std::sync::Arc;

use headwater_log::{Checkpoint, StoredEvent};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use crate::overlay::Overlay;
use crate::store::Write;
use crate::{ApplyError, Projection, ProjectorError, State, Tx};

/// How many events may share a commit. A live projection commits what has arrived, at once; one that
/// catches up gathers, because a store's cost is by commit.
pub(crate) const EVENTS_PER_COMMIT: usize = 1000;

/// The side of a projector that works with the store, on a thread that may block.
pub(crate) struct Applier<P> {
    projection: Arc<P>,
    state: State,
    overlay: Overlay,
    position: watch::Sender<u64>,
    /// When the stream was created that the events come from.
    created: Timestamp,
}

impl<P: Projection> Applier<P> {
    pub(crate) fn new(
        projection: Arc<P>,
        state: State,
        position: watch::Sender<u64>,
        created: Timestamp,
    ) -> Self {
        Self { projection, state, overlay: Overlay::default(), position, created }
    }

    /// Applies what arrives until nothing more will.
    pub(crate) fn run(mut self, mut arriving: mpsc::Receiver<StoredEvent>) -> Result<(), ProjectorError> {
        let mut events = Vec::with_capacity(EVENTS_PER_COMMIT);
        let mut applied = Ok(());
        while applied.is_ok() && arriving.blocking_recv_many(&mut events, EVENTS_PER_COMMIT) > 0 {
            applied = self.apply(&events);
            events.clear();
        }
        // Also what precedes an event that can't be applied is to stay.
        self.state.flush()?;
        applied
    }

    /// Applies events and commits what they write, all at once if that can be. What was applied before is
    /// passed over.
    pub(crate) fn apply(&mut self, events: &[StoredEvent]) -> Result<(), ProjectorError> {
        let position = *self.position.borrow();
        let events = &events[events.partition_point(|event| event.sequence <= position)..];
        if let Ok(writes) = self.stage(events) {
            return self.commit(writes, events);
        }
        // One by one they show which can't be applied, and what precedes it takes effect.
        for event in events {
            let event = slice::from_ref(event);
            let writes = self.stage(event).map_err(|source| ProjectorError::apply::<P>(&event[0], source))?;
            self.commit(writes, event)?;
        }
        Ok(())
    }

    /// What the events write. Nothing has taken effect yet.
    fn stage(&mut self, events: &[StoredEvent]) -> Result<Vec<Write>, ApplyError> {
        let staged = catch_unwind(AssertUnwindSafe(|| {
            let mut tx = Tx::new(&self.state, &mut self.overlay)?;
            events.iter().try_for_each(|event| self.projection.dispatch(event, &mut tx))?;
            Ok(self.overlay.take_writes()?)
        }));
        // A failed event may have written half of its changes.
        self.overlay.clear();
        staged.unwrap_or_else(|panic| Err(ApplyError::panicked(panic.as_ref())))
    }

    fn commit(&mut self, writes: Vec<Write>, events: &[StoredEvent]) -> Result<(), ProjectorError> {
        if let Some(last) = events.last() {
            self.state.commit(writes, &Checkpoint::new(self.created, last))?;
            self.position.send_replace(last.sequence);
        }
        Ok(())
    }
}
