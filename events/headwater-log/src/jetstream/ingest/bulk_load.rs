use std::collections::VecDeque;
use std::sync::Arc;

use headwater_event::{Aggregate, Domain};
use jiff::Timestamp;

use super::BulkLoadError;
use super::batch::FastBatch;
use super::recent::Recent;
use super::sending::Goal;
use super::versions::Versions;
use super::walk::Walk;
use crate::append::NewEvent;
use crate::jetstream::broker::Broker;
use crate::{Append, AppendError, Commit};

/// Many events on their way into one stream, faster than appends, because the server answers some hundreds of
/// them at a time.
///
/// - **Each event has its guard.** An aggregate's first event in the load expects what its append says; each
///   later one expects the one before. A load never decides on a state that another writer has changed: it ends
///   with a conflict.
/// - **Order.** Events are stored in the order in which they are sent, and none is left out: what is stored is
///   always a beginning of what was sent, among which other writers' events may lie.
/// - **Once.** Begun again with the same events in the same order, after it failed or its process died, a load
///   finds what is stored and goes on behind it, however long ago that was.
/// - **Not atomic.** Readers see events as they are stored, also those of one append one by one. Where that must
///   not be, append.
///
/// It is fastest alone: what others write at the same time makes it look up where its own events are. It is slow
/// on a replicated stream when consecutive events are of the same aggregate, because there an event can't expect
/// one that is still on its way.
///
/// It remembers the version of every aggregate that it writes to, and which events it was given lately: about 150
/// bytes an aggregate, and 100 MB at most.
///
/// # Example: a history
///
/// ```no_run
/// # use headwater_log::{Append, BulkLoadError, JetStreamLog};
/// # async fn example(log: JetStreamLog, history: Vec<Append>) -> Result<(), BulkLoadError> {
/// let mut load = log.bulk_load(&"flights".parse().expect("a domain")).await?;
/// for append in history {
///     load.send(append).await?;
/// }
/// let loaded = load.finish().await?;
/// println!("{} new events, the last at {}", loaded.stored, loaded.last);
/// # Ok(())
/// # }
/// ```
#[must_use = "its last events are only known to be stored when it has finished"]
pub struct BulkLoad {
    pub(super) broker: Arc<Broker>,
    pub(super) stream: StreamAtBegin,
    pub(super) batch: Option<FastBatch>,
    /// The batch's messages come after this sequence, and right after it when nobody else writes.
    pub(super) base: u64,
    /// What isn't known to be stored, in its order; what the batch has sent is its beginning.
    pub(super) unsettled: VecDeque<Unsettled>,
    /// How many bytes of data that is.
    pub(super) bytes: usize,
    pub(super) doubt: Doubt,
    pub(super) versions: Versions,
    recent: Recent,
    /// On the way through what an earlier load has stored.
    pub(super) earlier: Option<Walk>,
    pub(super) loaded: BulkLoaded,
    over: bool,
}

/// What a bulk load has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BulkLoaded {
    /// How many events the load has stored.
    pub stored: u64,
    /// How many it was given that were stored before it began, or that it was given twice.
    pub duplicates: u64,
    /// The sequence of the last of them all; 0 when there was none.
    pub last: u64,
}

/// The stream as the load has found it.
#[derive(Debug)]
pub(super) struct StreamAtBegin {
    pub(super) domain: Domain,
    pub(super) created: Timestamp,
    pub(super) last: u64,
    /// An event can't expect one that is still on its way to the replicas.
    pub(super) replicated: bool,
}

/// An event that is not known to be stored.
pub(super) struct Unsettled {
    pub(super) aggregate: Aggregate,
    /// The aggregate's version before the load.
    pub(super) expected: u64,
    pub(super) event: NewEvent,
}

/// What batches that broke leave open, counted from the first unsettled event on.
#[derive(Debug, Default)]
pub(super) struct Doubt {
    /// How many the server has acknowledged.
    pub(super) acknowledged: u64,
    /// How many were sent, and may still arrive.
    pub(super) sent: u64,
}

impl BulkLoad {
    pub(super) fn new(broker: Arc<Broker>, stream: StreamAtBegin) -> Self {
        Self {
            broker,
            base: stream.last,
            stream,
            batch: None,
            unsettled: VecDeque::new(),
            bytes: 0,
            doubt: Doubt::default(),
            versions: Versions::default(),
            recent: Recent::default(),
            earlier: None,
            loaded: BulkLoaded::default(),
            over: false,
        }
    }

    /// Sends the events of an append. It waits while the server is busy, and tries again what was lost; that the
    /// events are stored is only known when [`finish`](Self::finish) has returned.
    ///
    /// What is expected of an aggregate is its version before the load (0 for a new one). The load itself counts what
    /// it has sent, so later appends to the same aggregate expect what the first one did.
    ///
    /// Don't use the load after this call was cancelled: nobody knows which of the events were sent.
    ///
    /// # Errors
    ///
    /// [`BulkLoadError::NotTaken`] for an append that makes no sense, after which the load can go on, and
    /// [`BulkLoadError::Failed`] when it can't. The event that it then names may be an earlier one.
    pub async fn send(&mut self, append: Append) -> Result<(), BulkLoadError> {
        if self.over {
            return Err(BulkLoadError::Over);
        }
        let (aggregate, expected) = (append.aggregate.clone(), append.expected);
        let events = self.check(append).map_err(|source| BulkLoadError::NotTaken { source })?;
        for event in events {
            let event = Unsettled { aggregate: aggregate.clone(), expected, event };
            let taken = self.take(event).await;
            self.over = taken.is_err();
            taken?;
        }
        Ok(())
    }

    /// Waits until all events are stored.
    ///
    /// # Errors
    ///
    /// [`BulkLoadError::Failed`] when one of them isn't.
    pub async fn finish(mut self) -> Result<BulkLoaded, BulkLoadError> {
        if self.over {
            return Err(BulkLoadError::Over);
        }
        self.drive(Goal::Settled).await?;
        Ok(self.loaded)
    }

    fn check(&self, append: Append) -> Result<Vec<NewEvent>, AppendError> {
        let (domain, aggregate) = (&self.stream.domain, &append.aggregate);
        if aggregate.domain() != domain {
            let problem = format!("the load is one of the domain {domain}");
            return Err(AppendError::Invalid { aggregate: aggregate.clone(), problem });
        }
        let parts = Commit::from(append).into_parts(self.broker.client.server_info().max_payload)?;
        Ok(parts.into_iter().flat_map(|part| part.events).collect())
    }

    async fn take(&mut self, event: Unsettled) -> Result<(), BulkLoadError> {
        let again = !self.recent.insert(event.event.fingerprint);
        self.bytes += event.event.envelope.data().len();
        self.unsettled.push_back(event);
        if again {
            return self.take_again().await;
        }
        if self.earlier.is_some() {
            // It stands alone: whatever was sent before it was found.
            self.find_earlier().await.map_err(|error| self.failed(error.into()))?;
        }
        self.drive(Goal::Sent).await
    }

    /// The load was given the last event before. By its id alone that can be another event, of another aggregate.
    async fn take_again(&mut self) -> Result<(), BulkLoadError> {
        let Some(event) = self.unsettled.pop_back() else { return Ok(()) };
        self.drive(Goal::Settled).await?;
        let found = self.find_given(&event).await;
        self.unsettled.push_back(event);
        self.settle_first(found.map_err(|why| self.failed(why))?);
        self.loaded.duplicates += 1;
        Ok(())
    }
}

/// A place in the queue of unsettled events, which fits into memory.
pub(super) fn position(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
