use std::collections::HashMap;
use std::io;
use std::thread::{self, JoinHandle};

use headwater_event::{Aggregate, Domain, Envelope, Fingerprint};
use jiff::Timestamp;
use sled::{Batch, Tree};
use tokio::sync::{mpsc, oneshot, watch};

use super::record::{aggregate_key, aggregate_prefix, encode, event_key, sequence_of};
use super::window::DuplicateWindow;
use crate::{AppendError, Appended};

/// An append with its subjects, and where its answer goes.
pub(super) struct Request {
    pub(super) aggregate: Aggregate,
    pub(super) expected: u64,
    pub(super) events: Vec<(String, Envelope)>,
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
    /// Stores appends until nobody can send one any more.
    fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut waiting = Vec::with_capacity(APPENDS_PER_FLUSH);
        while requests.blocking_recv_many(&mut waiting, APPENDS_PER_FLUSH) > 0 {
            self.store(&mut waiting);
        }
    }

    fn store(&mut self, requests: &mut Vec<Request>) {
        let before = self.last;
        let mut staged = Staged::default();
        let mut answers = Vec::with_capacity(requests.len());
        for Request { aggregate, expected, events, answer } in requests.drain(..) {
            let result = self.stage(&mut staged, &aggregate, expected, &events);
            answers.push((aggregate, answer, result));
        }
        let stored = self.tree.apply_batch(staged.batch).and_then(|()| self.tree.flush());
        if let Err(error) = &stored {
            // Whether it is on disk is unknown; what was staged must not be counted as stored.
            tracing::error!(%error, "the embedded log can't store events");
            self.last = before;
        } else {
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
    }

    fn stage(
        &mut self,
        staged: &mut Staged,
        aggregate: &Aggregate,
        expected: u64,
        events: &[(String, Envelope)],
    ) -> Result<Appended, AppendError> {
        let unknown = |source: sled::Error| AppendError::Unknown {
            aggregate: aggregate.clone(),
            source: Box::new(source),
        };
        let fingerprints: Vec<_> = events.iter().map(|(_, event)| event.fingerprint()).collect();
        if let Some(last) = self.duplicate(staged, &fingerprints) {
            return Ok(Appended { last, duplicate: true });
        }
        let prefix = aggregate_prefix(aggregate);
        let actual = match staged.heads.get(&prefix) {
            Some(&head) => head,
            None => self.head(&prefix).map_err(unknown)?,
        };
        if actual != expected {
            return match self.stored_after(&prefix, expected, &fingerprints).map_err(unknown)? {
                Some(last) => Ok(Appended { last, duplicate: true }),
                None => Err(AppendError::Conflict { aggregate: aggregate.clone(), expected, actual }),
            };
        }
        let stored_at = Timestamp::now();
        for ((subject, event), fingerprint) in events.iter().zip(fingerprints) {
            self.last += 1;
            staged.batch.insert(&event_key(self.last), encode(stored_at, subject, event));
            staged.batch.insert(aggregate_key(&prefix, self.last), &fingerprint.to_bytes());
            staged.events.insert(fingerprint, self.last);
        }
        staged.heads.insert(prefix, self.last);
        Ok(Appended { last: self.last, duplicate: false })
    }

    /// The sequence of the last event, if all were stored not long ago.
    fn duplicate(&self, staged: &Staged, events: &[Fingerprint]) -> Option<u64> {
        let find = |event: &Fingerprint| staged.events.get(event).copied().or_else(|| self.window.get(*event));
        events.iter().map(find).try_fold(0, |_, sequence| sequence)
    }

    /// The sequence of the aggregate's last event.
    fn head(&self, prefix: &[u8]) -> sled::Result<u64> {
        let last = self.tree.scan_prefix(prefix).keys().next_back().transpose()?;
        Ok(last.map_or(0, |key| sequence_of(&key)))
    }

    /// The sequence of the last event, if exactly these follow `expected`: the same append was stored
    /// before, however long ago.
    fn stored_after(&self, prefix: &[u8], expected: u64, events: &[Fingerprint]) -> sled::Result<Option<u64>> {
        let (first, end) = (aggregate_key(prefix, expected + 1), aggregate_key(prefix, u64::MAX));
        let mut stored = self.tree.range(first..=end);
        let mut last = None;
        for event in events {
            match stored.next().transpose()? {
                Some((key, value)) if *value == event.to_bytes() => last = Some(sequence_of(&key)),
                _ => return Ok(None),
            }
        }
        Ok(last)
    }
}

/// What will be stored together.
#[derive(Default)]
struct Staged {
    batch: Batch,
    heads: HashMap<Vec<u8>, u64>,
    events: HashMap<Fingerprint, u64>,
}
