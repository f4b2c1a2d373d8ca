use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use headwater_event::{EventFilter, SubjectError};
use headwater_log::{Checkpoint, Follow, Log, ReadError, StoredEvent};
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::overlay::Overlay;
use crate::{ApplyError, Projection, Store, StoreError, Tx, View};

/// Builds one projection: follows its events, applies them, and commits state and position together.
pub struct Projector<P> {
    projection: Arc<P>,
    filter: EventFilter,
    store: Store,
    position: watch::Sender<u64>,
}

/// How many events may share a commit. A live projection commits what has arrived, at once; one that
/// catches up gathers, because a store's cost is by commit.
const EVENTS_PER_COMMIT: usize = 1000;

/// How long to wait for a stream that no publisher has created yet.
const STREAM_PAUSE: Duration = Duration::from_millis(500);

impl<P: Projection> Projector<P> {
    /// Opens the projection in its own directory below `directory`.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] when the state can't be opened, or the projection's events aren't of one domain.
    pub fn open(directory: &Path) -> Result<Self, ProjectorError> {
        let filter = EventFilter::events(P::EVENTS).map_err(ProjectorError::Events)?;
        let store = Store::open(&Self::directory(directory), P::NAME, P::VERSION)?;
        let sequence = store.checkpoint()?.map_or(0, |checkpoint| checkpoint.sequence);
        Ok(Self { projection: Arc::new(P::new()), filter, store, position: watch::Sender::new(sequence) })
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
        self.store.view()
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
        let Self { projection, filter, store, position } = self;
        let checkpoint = store.checkpoint()?;
        let Some(follow) = stop.run_until_cancelled(begin(&log, &filter, checkpoint)).await else { return Ok(()) };
        let mut follow = follow?;
        let (arrived, events) = mpsc::channel(EVENTS_PER_COMMIT);
        let created = follow.created();
        let applier = Applier { projection, store, position, overlay: Overlay::default(), created };
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

/// The side that works with the store, on a thread that may block.
struct Applier<P> {
    projection: Arc<P>,
    store: Store,
    overlay: Overlay,
    position: watch::Sender<u64>,
    created: Timestamp,
}

impl<P: Projection> Applier<P> {
    fn run(mut self, mut arriving: mpsc::Receiver<StoredEvent>) -> Result<(), ProjectorError> {
        let mut events = Vec::with_capacity(EVENTS_PER_COMMIT);
        while arriving.blocking_recv_many(&mut events, EVENTS_PER_COMMIT) > 0 {
            self.apply_and_commit(&events)?;
            events.clear();
        }
        Ok(self.store.flush()?)
    }

    fn apply_and_commit(&mut self, events: &[StoredEvent]) -> Result<(), ProjectorError> {
        let Err((index, source)) = self.apply(events) else { return self.commit(events) };
        // A failed event may have written half of its changes, so the ones before it are applied again.
        let (before, failed) = (&events[..index], &events[index]);
        self.overlay.clear();
        if !before.is_empty() {
            self.apply(before).map_err(|(index, source)| ProjectorError::apply::<P>(&before[index], source))?;
            self.commit(before)?;
            self.store.flush()?;
        }
        Err(ProjectorError::apply::<P>(failed, source))
    }

    fn apply(&mut self, events: &[StoredEvent]) -> Result<(), (usize, ApplyError)> {
        let mut tx = Tx::new(&self.store, &mut self.overlay);
        for (index, event) in events.iter().enumerate() {
            self.projection.dispatch(event, &mut tx).map_err(|error| (index, error))?;
        }
        Ok(())
    }

    fn commit(&mut self, events: &[StoredEvent]) -> Result<(), ProjectorError> {
        if let Some(last) = events.last() {
            self.store.commit(&mut self.overlay, &Checkpoint::new(self.created, last))?;
            self.position.send_replace(last.sequence);
        }
        Ok(())
    }
}

/// Why a projection has halted.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The events that the projection applies can't be read together.
    #[error("the projection's events can't be read together")]
    Events(#[source] SubjectError),
    /// The log can't be read.
    #[error("the projection can't read on")]
    Read(#[from] ReadError),
    /// An event can't be applied. Everything before it is committed.
    #[error("the projection {name} has halted in front of sequence {sequence}, the event {event:?} of {source_uri}")]
    Apply {
        /// The projection.
        name: &'static str,
        /// The event's sequence.
        sequence: u64,
        /// The event's id.
        event: String,
        /// The event's source.
        source_uri: String,
        /// Why.
        source: Box<ApplyError>,
    },
    /// The state can't be read or written.
    #[error("the projection's state can't be used")]
    Store(#[from] StoreError),
    /// The projection's code has panicked.
    #[error("the projection {name} has panicked; what it was applying is not committed")]
    Panicked {
        /// The projection.
        name: &'static str,
    },
}

impl ProjectorError {
    fn apply<P: Projection>(event: &StoredEvent, source: ApplyError) -> Self {
        Self::Apply {
            name: P::NAME,
            sequence: event.sequence,
            event: event.envelope.id().to_owned(),
            source_uri: event.envelope.source().to_owned(),
            source: Box::new(source),
        }
    }
}
