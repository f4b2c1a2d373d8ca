use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use headwater_event::Domain;
use headwater_log::Checkpoint;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};

use crate::applier::{Applier, Batch, EVENTS_PER_COMMIT};
use crate::front::Front;
use crate::state::{State, checkpoints};
use crate::streams::Arrival;
use crate::{Partitioning, Projection, ProjectorError, StoreError};

/// The partitions that are here, each with an applier on a thread of its own. Events come in the order of their streams, and go to the
/// partition of their key.
pub(crate) struct Lanes<P> {
    projection: Arc<P>,
    domains: Vec<Domain>,
    front: Arc<Front>,
    partitioning: Partitioning,
    /// Partitions that nobody works on yet.
    idle: Vec<(Applier<P>, Reader)>,
    lanes: BTreeMap<u32, Lane>,
    appliers: JoinSet<(u32, Result<State, ProjectorError>)>,
    /// By reader: of what is divided, the last event of each stream that came, whoever it was for.
    passed: [Vec<Option<Checkpoint>>; 2],
}

/// By whom a partition's events are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// With those of all other partitions.
    Settled,
    /// Apart from those that are further.
    Joining,
}

/// The way to an applier.
struct Lane {
    batches: mpsc::Sender<Batch>,
    /// How many events have been handed over and not applied.
    waiting: Arc<AtomicU64>,
    next: Batch,
    reader: Reader,
}

/// A partition's work has ended.
pub(crate) struct Ended {
    pub(crate) partition: u32,
    /// Its state, with all that was handed over, if it was [closed](Lanes::close).
    pub(crate) state: Result<State, ProjectorError>,
}

/// How many events are handed over at once, at most.
pub(crate) const EVENTS_PER_BATCH: usize = 250;

/// How many handed over batches an applier may have before it.
const BATCHES_MAX: usize = EVENTS_PER_COMMIT / EVENTS_PER_BATCH;

impl<P: Projection> Lanes<P> {
    pub(crate) fn new(
        projection: Arc<P>,
        domains: Vec<Domain>,
        front: Arc<Front>,
        partitioning: Partitioning,
    ) -> Self {
        let passed = [vec![None; domains.len()], vec![None; domains.len()]];
        let (idle, lanes, appliers) = (Vec::new(), BTreeMap::new(), JoinSet::new());
        Self { projection, domains, front, partitioning, idle, lanes, appliers, passed }
    }

    pub(crate) fn partitioning(&self) -> Partitioning {
        self.partitioning
    }

    /// Whether no partition is worked on.
    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// A partition is here.
    pub(crate) fn add(&mut self, state: State, reader: Reader) -> Result<(), StoreError> {
        let (projection, domains) = (Arc::clone(&self.projection), self.domains.clone());
        self.idle.push((Applier::new(projection, domains, state, Arc::clone(&self.front))?, reader));
        Ok(())
    }

    /// Begins to work on all that is here. It has to be called inside a Tokio runtime.
    pub(crate) fn start(&mut self) {
        for (applier, reader) in self.idle.drain(..) {
            let (batches, arriving) = mpsc::channel(BATCHES_MAX);
            let waiting = Arc::new(AtomicU64::new(0));
            let (next, partition) = (Batch::default(), applier.partition());
            self.lanes.insert(partition, Lane { batches, waiting: Arc::clone(&waiting), next, reader });
            self.appliers.spawn_blocking(move || (partition, applier.run(arriving, &waiting)));
        }
    }

    /// From where a reader has to begin, so that none of its partitions misses anything: up to where all of them have committed. What one has
    /// applied before, it passes over.
    pub(crate) fn begin(&mut self, reader: Reader) -> Result<BTreeMap<Domain, Checkpoint>, StoreError> {
        // What was read so far is no news to a partition that has come since.
        self.passed[reader as usize].fill(None);
        let parts =
            self.front.parts().of(|number| self.lanes.get(&number).is_some_and(|lane| lane.reader == reader));
        checkpoints(parts.snapshot()?.as_ref())
    }

    /// All partitions have one reader, which has to begin anew.
    pub(crate) fn settle(&mut self) {
        self.lanes.values_mut().for_each(|lane| lane.reader = Reader::Settled);
    }

    /// Hands events to their partitions, and waits while these have enough to do.
    pub(crate) async fn send(&mut self, events: Vec<Arrival>, reader: Reader) {
        if self.partitioning.count() == 1 {
            if let Some(lane) = self.lanes.values_mut().next() {
                lane.next.events = events;
                lane.send().await;
            }
            return;
        }
        self.note(&events, reader);
        for event in events {
            let number = self.partitioning.of(&event.event).index();
            if let Some(lane) = self.lanes.get_mut(&number).filter(|lane| lane.reader == reader) {
                lane.next.events.push(event);
            }
        }
        for lane in self.lanes.values_mut().filter(|lane| !lane.next.events.is_empty()) {
            lane.send().await;
        }
    }

    fn note(&mut self, events: &[Arrival], reader: Reader) {
        for (stream, passed) in self.passed[reader as usize].iter_mut().enumerate() {
            if let Some(last) = events.iter().rev().find(|event| event.stream == stream) {
                *passed = Some(Checkpoint::new(last.created, &last.event));
            }
        }
    }

    /// Tells all partitions up to where the streams are read. Without that, one that gets no events would hold the low watermark back, and
    /// read everything again when it is started.
    pub(crate) async fn pass(&mut self) {
        let [settled, joining] = &self.passed;
        for lane in self.lanes.values_mut() {
            let passed = if lane.reader == Reader::Settled { settled } else { joining };
            lane.next.passed = (0..).zip(passed).filter_map(|(stream, at)| Some((stream, (*at)?))).collect();
            if !lane.next.passed.is_empty() {
                lane.send().await;
            }
        }
    }

    /// How many events are handed over and not applied.
    pub(crate) fn waiting(&self) -> u64 {
        self.lanes.values().map(|lane| lane.waiting.load(Ordering::Relaxed)).sum()
    }

    /// Ends the work on a partition, when all is committed that was handed over. Then [`ended`](Self::ended) has its state.
    pub(crate) fn close(&mut self, partition: u32) {
        self.lanes.remove(&partition);
    }

    /// A partition isn't here any longer.
    pub(crate) fn forget(&mut self, partition: u32) {
        self.front.remove(partition);
    }

    /// Ends the work on all partitions.
    pub(crate) fn close_all(&mut self) {
        self.lanes.clear();
    }

    /// Waits until the work on a partition has ended; `None` when there is none.
    pub(crate) async fn ended(&mut self) -> Option<Ended> {
        let (partition, ended) = match self.appliers.join_next().await? {
            Ok(ended) => ended,
            Err(error) => return Some(Ended { partition: u32::MAX, state: Err(panicked::<P>(&error)) }),
        };
        // One that ends by itself has no reason to.
        let was_closed = self.lanes.remove(&partition).is_none();
        let state = ended.and_then(|state| match was_closed {
            true => Ok(state),
            false => Err(ProjectorError::Panicked { name: P::NAME }),
        });
        Some(Ended { partition, state })
    }
}

fn panicked<P: Projection>(_: &JoinError) -> ProjectorError {
    ProjectorError::Panicked { name: P::NAME }
}

impl Lane {
    /// An applier that has ended takes nothing, and why it has is told by [`Lanes::ended`].
    async fn send(&mut self) {
        let batch = std::mem::take(&mut self.next);
        self.waiting.fetch_add(batch.events.len() as u64, Ordering::Relaxed);
        self.batches.send(batch).await.ok();
    }
}
