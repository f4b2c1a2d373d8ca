use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use headwater_event::{Aggregate, Domain, EventFilter};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use super::clock::Clock;
use super::follower::Follower;
use super::stream::MemoryStream;
use super::{AppendFault, Recording};
use crate::append::{MESSAGE_BYTES_MAX, Part};
use crate::notes::new_notes;
use crate::read::{Remaining, check};
use crate::{
    AppendError, Appended, Checkpoint, Commit, EventLog, Follow, Note, NoteError, OpenError, PendingAppend,
    ReadError, StoredEvent, StreamInfo,
};

/// A log that lives as long as a test: it keeps its promises in memory, with no thread and no file, in any runtime,
/// also in one whose time stands still. What it is asked is done when the call returns.
///
/// # Example: an answer that gets lost
///
/// ```
/// use headwater_event::{Aggregate, Envelope};
/// use headwater_log::{Append, AppendFault, EventLog, MemoryLog};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let order = Aggregate::new("orders".parse()?, "order", "7")?;
/// let paid = Envelope::builder("c1/0", "/till", "org.example.orders.order.paid.v1").subject("7").build()?;
/// let append = Append { aggregate: order.clone(), expected: 0, events: vec![paid] };
///
/// let log = MemoryLog::new();
/// log.open(order.domain()).await?;
/// log.fail_next_append(AppendFault::AnswerLost);
/// assert!(log.append(append.clone()).await.unwrap_err().may_be_stored());
///
/// // Sent again, it is stored once.
/// assert!(log.append(append).await?.duplicate);
/// assert_eq!(log.stored(order.domain()).len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct MemoryLog {
    state: Mutex<State>,
    /// Whether the log can be reached.
    connected: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    clock: Clock,
    /// Readers look at a stream through its receivers.
    streams: BTreeMap<Domain, watch::Sender<MemoryStream>>,
    /// When the streams were created that were lost.
    lost: BTreeMap<Domain, Timestamp>,
    faults: VecDeque<AppendFault>,
    /// By their subjects.
    notes: HashMap<String, Bytes>,
}

/// What the caller of a log that can't be reached is told.
const DISCONNECTED: &str = "the test has disconnected the log";

impl MemoryLog {
    /// A log without a stream.
    #[must_use]
    pub fn new() -> Self {
        Self { state: Mutex::default(), connected: watch::Sender::new(true) }
    }

    /// A log in which it is `now`, until the test [sets another time](Self::set_time).
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        let log = Self::new();
        log.set_time(now);
        log
    }

    /// The log as it was recorded: with the recording's sequences, also where there are gaps between them, because
    /// only some aggregates were recorded. The next event comes after the last one of its domain.
    #[must_use]
    pub fn from_recording(recording: &Recording) -> Self {
        let log = Self::new();
        let mut state = log.lock();
        for (aggregate, event) in recording.placed() {
            let stream = state.streams.entry(aggregate.domain().clone()).or_insert_with(|| {
                watch::Sender::new(MemoryStream::new(aggregate.domain().clone(), event.stored_at))
            });
            stream.send_modify(|stream| stream.push(aggregate, event.clone()));
        }
        drop(state);
        log
    }

    /// All that is stored, domain by domain, to be kept in a file.
    #[must_use]
    pub fn recording(&self) -> Recording {
        let state = self.lock();
        let streams: Vec<_> = state.streams.values().map(watch::Sender::borrow).collect();
        Recording::of_stored(streams.iter().flat_map(|stream| stream.read(1)))
    }

    /// All that is stored of a domain; nothing when it has no stream.
    #[must_use]
    pub fn stored(&self, domain: &Domain) -> Vec<StoredEvent> {
        let state = self.lock();
        state.streams.get(domain).map_or_else(Vec::new, |stream| stream.borrow().read(1).cloned().collect())
    }

    /// Lets it be `now`, until another time is set: when streams are created and events are stored.
    pub fn set_time(&self, now: Timestamp) {
        self.lock().clock = Clock::Stopped(now);
    }

    /// Lets the next append fail that nothing is wrong with. Said several times, it is for as many appends, in this
    /// order.
    ///
    /// # Panics
    ///
    /// The append itself panics when the commit that is to [overtake](AppendFault::OvertakenBy) it can't be stored.
    pub fn fail_next_append(&self, fault: impl Into<AppendFault>) {
        self.lock().faults.push_back(fault.into());
    }

    /// Lets the log be out of reach, as when all time limits of a broker's client have passed: nothing is stored or
    /// read, whoever asks is told that the log is unavailable, and followers wait.
    pub fn disconnect(&self) {
        self.connected.send_replace(false);
    }

    /// Lets the log be in reach again.
    pub fn reconnect(&self) {
        self.connected.send_replace(true);
    }

    /// Deletes the stream of a domain with all its events, as when a broker comes back from an old backup. Who follows
    /// it, or goes on from a checkpoint of it, is told that it is [another stream](ReadError::Recreated).
    pub fn lose_stream(&self, domain: &Domain) {
        let mut state = self.lock();
        if let Some(stream) = state.streams.remove(domain) {
            stream.send_modify(|stream| stream.lost = true);
            state.lost.insert(domain.clone(), stream.borrow().created);
        }
    }

    fn is_connected(&self) -> bool {
        *self.connected.borrow()
    }

    /// The stream of a domain, for a reader.
    fn stream(&self, domain: &Domain) -> Result<watch::Receiver<MemoryStream>, ReadError> {
        if !self.is_connected() {
            return Err(ReadError::unavailable(domain, DISCONNECTED));
        }
        let stream = self.lock().streams.get(domain).map(watch::Sender::subscribe);
        stream.ok_or_else(|| ReadError::NoStream { domain: domain.clone() })
    }

    /// A panic can't have left anything half-changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn open(&mut self, domain: &Domain) -> StreamInfo {
        let now = self.clock.now();
        // Also when time stands still, a stream is younger than the one that was lost.
        let after_lost = |lost: &Timestamp| lost.checked_add(SignedDuration::from_nanos(1)).unwrap_or(*lost);
        let created = self.lost.get(domain).map_or(now, |lost| now.max(after_lost(lost)));
        let stream = self.streams.entry(domain.clone());
        let stream = stream.or_insert_with(|| watch::Sender::new(MemoryStream::new(domain.clone(), created)));
        stream.borrow().info()
    }

    /// Stores a commit, unless something is to go wrong.
    fn commit(&mut self, parts: Vec<Part>) -> Result<Appended, AppendError> {
        // A commit has a first append.
        let aggregate = parts[0].aggregate.clone();
        match self.faults.pop_front() {
            None => self.store(parts),
            Some(AppendFault::AnswerLost) => {
                // Whoever gets no answer doesn't know what it was.
                let _ = self.store(parts);
                Err(AppendError::Unknown { aggregate, source: "the test has lost the answer".into() })
            }
            Some(AppendFault::Unavailable) => {
                let source = "the test has let the append fail".into();
                Err(AppendError::Unavailable { aggregate, source })
            }
            Some(AppendFault::OvertakenBy(rival)) => {
                let overtaken = rival.into_parts(MESSAGE_BYTES_MAX).and_then(|parts| self.store(parts));
                if let Err(error) = overtaken {
                    panic!("the commit that is to overtake an append can't be stored: {error}");
                }
                self.store(parts)
            }
        }
    }

    fn store(&mut self, parts: Vec<Part>) -> Result<Appended, AppendError> {
        // A commit has a first append.
        let aggregate = parts[0].aggregate.clone();
        let now = self.clock.now();
        let Some(stream) = self.streams.get(aggregate.domain()) else {
            return Err(AppendError::NoStream { aggregate });
        };
        let mut stored = Err(AppendError::NoStream { aggregate });
        stream.send_if_modified(|stream| {
            stored = stream.commit(parts, now);
            stored.as_ref().is_ok_and(|appended| !appended.duplicate)
        });
        stored
    }
}

#[async_trait]
impl EventLog for MemoryLog {
    async fn open(&self, domain: &Domain) -> Result<StreamInfo, OpenError> {
        if !self.is_connected() {
            return Err(OpenError::Unavailable { stream: domain.stream(), source: DISCONNECTED.into() });
        }
        Ok(self.lock().open(domain))
    }

    async fn info(&self, domain: &Domain) -> Result<StreamInfo, ReadError> {
        Ok(self.stream(domain)?.borrow().info())
    }

    async fn streams(&self) -> Result<Vec<StreamInfo>, ReadError> {
        if !self.is_connected() {
            return Err(ReadError::Unlisted { source: DISCONNECTED.into() });
        }
        Ok(self.lock().streams.values().map(|stream| stream.borrow().info()).collect())
    }

    async fn begin_commit(&self, commit: Commit) -> Result<PendingAppend, AppendError> {
        let parts = commit.into_parts(MESSAGE_BYTES_MAX)?;
        let answer = if self.is_connected() {
            self.lock().commit(parts)
        } else {
            // A commit has a first append.
            let aggregate = parts[0].aggregate.clone();
            Err(AppendError::Unavailable { aggregate, source: DISCONNECTED.into() })
        };
        Ok(PendingAppend::new(ready(answer)))
    }

    async fn read(&self, domain: &Domain, from: u64, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        Ok(self.stream(domain)?.borrow().read(from).take(max).cloned().collect())
    }

    async fn follow(&self, filter: EventFilter, checkpoint: Option<Checkpoint>) -> Result<Follow, ReadError> {
        let stream = self.stream(filter.domain())?;
        let created = stream.borrow().created;
        if let Some(checkpoint) = &checkpoint {
            let found = stream.borrow().read(checkpoint.sequence).next().cloned();
            check(filter.domain(), checkpoint, created, Ok(found))?;
        }
        let next = checkpoint.map_or(1, |checkpoint| checkpoint.sequence + 1);
        let connected = self.connected.subscribe();
        let remaining = Remaining::unknown();
        let told = remaining.clone();
        let follower = Follower { stream, connected, filter, next, remaining, ended: false };
        let events = stream::unfold(follower, |mut follower| async move {
            let event = follower.next().await?;
            Some((event, follower))
        });
        Ok(Follow::new(created, told, events.boxed()))
    }

    async fn load_from(
        &self,
        aggregate: &Aggregate,
        from: u64,
        _at_least: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        // What is stored is visible at once, so there is nothing to wait for.
        Ok(self.stream(aggregate.domain())?.borrow().load(aggregate, from, usize::MAX))
    }

    async fn last(&self, aggregate: &Aggregate) -> Result<Option<StoredEvent>, ReadError> {
        Ok(self.stream(aggregate.domain())?.borrow().last_of(aggregate).cloned())
    }

    async fn load_first(&self, aggregate: &Aggregate, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        Ok(self.stream(aggregate.domain())?.borrow().load(aggregate, 1, max))
    }

    async fn note(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError> {
        if !self.is_connected() {
            return Err(ReadError::unavailable(aggregate.domain(), DISCONNECTED));
        }
        Ok(self.lock().notes.get(&aggregate.note_subject(name)).cloned())
    }

    async fn keep_notes(&self, aggregate: &Aggregate, notes: Vec<Note>) -> Result<(), NoteError> {
        if !self.is_connected() {
            return Err(NoteError::unavailable(aggregate, DISCONNECTED));
        }
        let new = new_notes(aggregate, notes, MESSAGE_BYTES_MAX)?;
        self.lock().notes.extend(new.into_iter().map(|note| (note.subject, note.content)));
        Ok(())
    }
}
