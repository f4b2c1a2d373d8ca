use std::collections::HashMap;
use std::io;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use headwater_event::{Aggregate, Domain, Fingerprint};
use jiff::Timestamp;
use sled::{Batch, Tree};
use tokio::sync::{mpsc, oneshot, watch};

use super::record::{aggregate_key, aggregate_prefix, encode, event_key, sequence_of};
use super::window::DuplicateWindow;
use crate::append::NewEvent;
use crate::{AppendError, Appended};

/// An append with its subjects, and where its answer goes.
pub(super) struct Request {
    pub(super) aggregate: Aggregate,
    pub(super) expected: u64,
    pub(super) events: Vec<NewEvent>,
    pub(super) answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// The one thread that appends to a stream. Dropping it stores what waits and ends the thread.
pub(super) struct Writer {
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

/// How many appends share a flush at the most. Batches of hundreds are where sled is fast; larger ones
/// cost memory.
const APPENDS_PER_FLUSH: usize = 1000;

/// How long the writer waits for others at the most: less than a flush takes on most disks.
const GATHER_MAX: Duration = Duration::from_millis(1);

/// How long it sleeps in between.
const GATHER_PAUSE: Duration = Duration::from_micros(50);

/// How many appends may wait for the writer before a caller has to.
const APPENDS_WAITING: usize = 4096;

impl Writer {
    pub(super) fn spawn(
        domain: &Domain,
        tree: Tree,
        last: u64,
        window: DuplicateWindow,
        visible: watch::Sender<u64>,
    ) -> io::Result<Self> {
        let (requests, waiting) = mpsc::channel(APPENDS_WAITING);
        let appender = Appender { tree, last, window, visible };
        let thread = thread::Builder::new().name(domain.stream()).spawn(move || appender.run(waiting))?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    /// Where appends are sent to.
    pub(super) fn requests(&self) -> Option<mpsc::Sender<Request>> {
        self.requests.clone()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join) {
            tracing::error!(?panic, "the embedded log's writer has failed");
        }
    }
}

struct Appender {
    tree: Tree,
    last: u64,
    window: DuplicateWindow,
    visible: watch::Sender<u64>,
}

impl Appender {
    /// Stores appends until nobody can send one any more, or until the store fails: then nobody knows what
    /// is on the disk, and the next append must not be built upon it.
    fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut waiting = Vec::with_capacity(APPENDS_PER_FLUSH);
        let mut together = 0;
        while requests.blocking_recv_many(&mut waiting, APPENDS_PER_FLUSH) > 0 {
            gather(&mut requests, &mut waiting, together);
            together = waiting.len();
            if let Err(error) = self.store(&mut waiting) {
                tracing::error!(%error, "the embedded log can't store events; open it again");
                return;
            }
        }
    }

    fn store(&mut self, requests: &mut Vec<Request>) -> sled::Result<()> {
        let mut staged = Staged::default();
        let mut answers = Vec::with_capacity(requests.len());
        for Request { aggregate, expected, events, answer } in requests.drain(..) {
            let result = self.stage(&mut staged, &aggregate, expected, &events);
            answers.push((aggregate, answer, result));
        }
        let stored = self.tree.apply_batch(staged.batch).and_then(|()| self.tree.flush());
        if stored.is_ok() {
            for (event, sequence) in staged.events {
                self.window.insert(event, sequence);
            }
            self.visible.send_replace(self.last);
        }
        for (aggregate, answer, result) in answers {
            let result = match &stored {
                Err(error) => Err(AppendError::Unknown { aggregate, source: Box::new(error.clone()) }),
                Ok(_) => result,
            };
            // A caller that no longer waits has nothing to be told.
            let _ = answer.send(result);
        }
        stored.map(|_| ())
    }

    fn stage(
        &mut self,
        staged: &mut Staged,
        aggregate: &Aggregate,
        expected: u64,
        events: &[NewEvent],
    ) -> Result<Appended, AppendError> {
        let unknown = |source: sled::Error| AppendError::Unknown {
            aggregate: aggregate.clone(),
            source: Box::new(source),
        };
        let prefix = aggregate_prefix(aggregate);
        let known: Vec<_> = events.iter().filter_map(|event| self.known(staged, event.fingerprint)).collect();
        if let (true, Some(&last)) = (known.len() == events.len(), known.last()) {
            // An event of another aggregate with the same id is not this one.
            return if self.has(staged, &prefix, last).map_err(unknown)? {
                Ok(Appended { last, duplicate: true })
            } else {
                Err(AppendError::reused_id(aggregate.clone(), last))
            };
        }
        let actual = match staged.head(&prefix) {
            Some(head) => head,
            None => self.head(&prefix).map_err(unknown)?,
        };
        if actual != expected {
            return match self.stored_after(&prefix, expected, events).map_err(unknown)? {
                Some(last) => Ok(Appended { last, duplicate: true }),
                None => Err(AppendError::Conflict { aggregate: aggregate.clone(), expected, actual }),
            };
        }
        if let Some(&sequence) = known.first() {
            return Err(AppendError::reused_id(aggregate.clone(), sequence));
        }
        let stored_at = Timestamp::now();
        let sequences = staged.sequences.entry(prefix);
        let prefix = sequences.key().clone();
        let sequences = sequences.or_default();
        for event in events {
            self.last += 1;
            staged.batch.insert(&event_key(self.last), encode(stored_at, event));
            staged.batch.insert(aggregate_key(&prefix, self.last), &event.fingerprint.to_bytes());
            staged.events.insert(event.fingerprint, self.last);
            sequences.push(self.last);
        }
        Ok(Appended { last: self.last, duplicate: false })
    }

    /// The sequence of an event that was stored not long ago.
    fn known(&self, staged: &Staged, event: Fingerprint) -> Option<u64> {
        staged.events.get(&event).copied().or_else(|| self.window.get(event))
    }

    /// Whether the event at `sequence` is the aggregate's.
    fn has(&self, staged: &Staged, prefix: &[u8], sequence: u64) -> sled::Result<bool> {
        let has = staged.sequences.get(prefix).is_some_and(|staged| staged.contains(&sequence));
        if has { Ok(true) } else { self.tree.contains_key(aggregate_key(prefix, sequence)) }
    }

    /// The sequence of the aggregate's last event.
    fn head(&self, prefix: &[u8]) -> sled::Result<u64> {
        let last = self.tree.scan_prefix(prefix).keys().next_back().transpose()?;
        Ok(last.map_or(0, |key| sequence_of(&key)))
    }

    /// The sequence of the last event, if exactly these follow `expected`: the same append was stored
    /// before, however long ago.
    fn stored_after(&self, prefix: &[u8], expected: u64, events: &[NewEvent]) -> sled::Result<Option<u64>> {
        let (first, end) = (aggregate_key(prefix, expected + 1), aggregate_key(prefix, u64::MAX));
        let mut stored = self.tree.range(first..=end);
        let mut last = None;
        for event in events {
            match stored.next().transpose()? {
                Some((key, value)) if *value == event.fingerprint.to_bytes() => {
                    last = Some(sequence_of(&key))
                }
                _ => return Ok(None),
            }
        }
        Ok(last)
    }
}

/// Waits a moment for the writers whose appends shared the last flush: they have just been answered, and
/// if they go on, it is now. One writer alone never waits.
fn gather(requests: &mut mpsc::Receiver<Request>, waiting: &mut Vec<Request>, last_together: usize) {
    let wanted = last_together.min(APPENDS_PER_FLUSH) / 2;
    let deadline = Instant::now() + GATHER_MAX;
    while waiting.len() + requests.len() <= wanted && Instant::now() < deadline {
        thread::sleep(GATHER_PAUSE);
    }
    while waiting.len() < APPENDS_PER_FLUSH {
        match requests.try_recv() {
            Ok(request) => waiting.push(request),
            Err(_) => break,
        }
    }
}

/// What will be stored together.
#[derive(Default)]
struct Staged {
    batch: Batch,
    /// The sequences of the aggregates' events, by the aggregate's prefix.
    sequences: HashMap<Vec<u8>, Vec<u64>>,
    events: HashMap<Fingerprint, u64>,
}

impl Staged {
    fn head(&self, prefix: &[u8]) -> Option<u64> {
        self.sequences.get(prefix)?.last().copied()
    }
}
