use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use headwater_event::EventFilter;
use headwater_log::{Checkpoint, Follow, Log, ReadError};
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::applier::{Applier, EVENTS_PER_COMMIT};
use crate::{Projection, ProjectorError, State, StoreKind, View};

/// Builds one projection: follows its events, applies them, and commits state and position together.
pub struct Projector<P> {
    projection: Arc<P>,
    filter: EventFilter,
    state: State,
    position: watch::Sender<u64>,
}

/// How long to wait for a stream that no publisher has created yet.
const STREAM_PAUSE: Duration = Duration::from_millis(500);

impl<P: Projection> Projector<P> {
    /// Opens the projection in its own directory below `directory`, in the store that is the default.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] when the state can't be opened, or the projection's events aren't of one domain.
    pub fn open(directory: &Path) -> Result<Self, ProjectorError> {
        Self::open_in(StoreKind::default(), directory)
    }

    /// The same in a store of the kind.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_in(kind: StoreKind, directory: &Path) -> Result<Self, ProjectorError> {
        let filter = EventFilter::events(P::EVENTS).map_err(ProjectorError::Events)?;
        let state = State::open(kind, &Self::directory(directory), P::NAME, P::VERSION)?;
        let sequence = state.checkpoint()?.map_or(0, |checkpoint| checkpoint.sequence);
        Ok(Self { projection: Arc::new(P::new()), filter, state, position: watch::Sender::new(sequence) })
    }

    /// Where the projection keeps its state below `directory`.
    #[must_use]
    pub fn directory(directory: &Path) -> PathBuf {
        directory.join(P::NAME)
    }

    /// The projection's tables, for queries.
    #[must_use]
    pub fn projection(&self) -> Arc<P> {
        Arc::clone(&self.projection)
    }

    /// The committed state, for queries.
    #[must_use]
    pub fn view(&self) -> View {
        self.state.view()
    }

    /// The sequence of the last event that is committed, as it rises.
    #[must_use]
    pub fn position(&self) -> watch::Receiver<u64> {
        self.position.subscribe()
    }

    /// Follows the log until `stop` is cancelled. What has arrived by then is committed and flushed.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] when an event can't be read or applied, or the state can't be written: the
    /// projection halts in front of it.
    pub async fn run(self, log: Log, stop: CancellationToken) -> Result<(), ProjectorError> {
        let Self { projection, filter, state, position } = self;
        let checkpoint = state.checkpoint()?;
        let Some(follow) = stop.run_until_cancelled(begin(&log, &filter, checkpoint)).await else {
            return Ok(());
        };
        let mut follow = follow?;
        let (arrived, events) = mpsc::channel(EVENTS_PER_COMMIT);
        let applier = Applier::new(projection, state, position, follow.created());
        let mut applying = spawn_blocking(move || applier.run(events));
        let received = loop {
            let next = tokio::select! {
                biased;
                () = stop.cancelled() => break Ok(()),
                applied = &mut applying => return applied.map_err(|_| ProjectorError::Panicked { name: P::NAME })?,
                next = follow.next() => next,
            };
            match next {
                Some(Ok(event)) => {
                    if arrived.send(event).await.is_err() {
                        break Ok(());
                    }
                }
                Some(Err(error)) => break Err(error.into()),
                None => break Ok(()),
            }
        };
        // The applier ends when it has committed what was sent.
        drop(arrived);
        applying.await.map_err(|_| ProjectorError::Panicked { name: P::NAME })??;
        received
    }
}

/// Begins to follow, and waits for a stream that isn't there yet.
async fn begin(log: &Log, filter: &EventFilter, checkpoint: Option<Checkpoint>) -> Result<Follow, ReadError> {
    let mut said = false;
    loop {
        match log.follow(filter.clone(), checkpoint).await {
            Err(error @ (ReadError::NoStream { .. } | ReadError::Unavailable { .. })) => {
                if !said {
                    tracing::info!(%error, "waiting for the stream");
                    said = true;
                }
                tokio::time::sleep(STREAM_PAUSE).await;
            }
            result => return result,
        }
    }
}
