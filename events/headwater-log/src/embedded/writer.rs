use std::collections::HashMap;
use std::io;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use headwater_event::{Aggregate, Domain};
use sled::Db;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

use super::appender::Appender;
use crate::append::Part;
use crate::{AppendError, Appended};

/// What the writer is asked to do.
pub(super) enum Request {
    /// Take care of a stream.
    Open(Domain, Box<Appender>),
    /// Store a commit to a stream that it takes care of, and answer.
    Commit(Arriving),
}

/// A commit, and where its answer goes.
pub(super) struct Arriving {
    pub(super) parts: Vec<Part>,
    pub(super) answer: oneshot::Sender<Result<Appended, AppendError>>,
}

/// The one thread that appends. A flush makes all streams durable, so they share it. Dropping the writer
/// stores what waits and ends the thread.
pub(super) struct Writer {
    requests: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

/// How many appends share a flush at the most. Batches of hundreds are where sled is fast; larger ones
/// cost memory.
const APPENDS_PER_FLUSH: usize = 1000;

/// How long to wait before a full queue is looked at again.
const QUEUE_PAUSE: Duration = Duration::from_micros(50);

/// How many appends may wait for the writer before a caller has to.
const APPENDS_WAITING: usize = 4096;

impl Writer {
    pub(super) fn spawn(db: Db) -> io::Result<Self> {
        let (requests, arriving) = mpsc::channel(APPENDS_WAITING);
        let appending = Appending { db, appenders: HashMap::new() };
        let thread =
            thread::Builder::new().name("log-writer".to_owned()).spawn(move || appending.run(arriving))?;
        Ok(Self { requests: Some(requests), thread: Some(thread) })
    }

    /// Has the writer take care of a stream, before anything is appended to it.
    pub(super) fn open(&self, domain: &Domain, appender: Appender) -> io::Result<()> {
        let stopped = || io::Error::other("the log's writer has stopped");
        let mut request = Request::Open(domain.clone(), Box::new(appender));
        let requests = self.requests.as_ref().ok_or_else(stopped)?;
        // It is rarely full, and never for long; and this may be called outside a runtime, or inside.
        loop {
            match requests.try_send(request) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => request = back,
                Err(TrySendError::Closed(_)) => return Err(stopped()),
            }
            thread::sleep(QUEUE_PAUSE);
        }
    }

    /// Where requests are sent to; none when the writer is being dropped.
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

struct Appending {
    db: Db,
    appenders: HashMap<Domain, Box<Appender>>,
}

type Answer = (oneshot::Sender<Result<Appended, AppendError>>, Aggregate, Result<Appended, AppendError>);

impl Appending {
    /// Stores appends until nobody can send one any more, or until the store fails: then nobody knows what
    /// is on the disk, and the next append must not be built upon it.
    fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut waiting = Vec::with_capacity(APPENDS_PER_FLUSH);
        while requests.blocking_recv_many(&mut waiting, APPENDS_PER_FLUSH) > 0 {
            if let Err(error) = self.store(&mut waiting) {
                tracing::error!(%error, "the embedded log can't store events; open it again");
                return;
            }
        }
    }

    fn store(&mut self, requests: &mut Vec<Request>) -> sled::Result<()> {
        let answers: Vec<_> = requests.drain(..).filter_map(|request| self.stage(request)).collect();
        let stored = self.apply_and_flush();
        for (answer, aggregate, result) in answers {
            let result = match &stored {
                Err(error) => Err(AppendError::Unknown { aggregate, source: Box::new(error.clone()) }),
                Ok(()) => result,
            };
            // A caller that no longer waits has nothing to be told.
            let _ = answer.send(result);
        }
        stored
    }

    fn apply_and_flush(&mut self) -> sled::Result<()> {
        let mut changed: Vec<_> =
            self.appenders.values_mut().filter(|appender| appender.has_staged()).collect();
        if changed.is_empty() {
            return Ok(());
        }
        changed.iter_mut().try_for_each(|appender| appender.apply())?;
        self.db.flush()?;
        changed.iter_mut().for_each(|appender| appender.show());
        Ok(())
    }

    fn stage(&mut self, request: Request) -> Option<Answer> {
        match request {
            Request::Open(domain, appender) => {
                self.appenders.insert(domain, appender);
                None
            }
            Request::Commit(Arriving { parts, answer }) => {
                // A commit has a first append.
                let aggregate = parts[0].aggregate.clone();
                let staged = match self.appenders.get_mut(aggregate.domain()) {
                    Some(appender) => appender.stage(&parts),
                    None => Err(AppendError::NoStream { aggregate: aggregate.clone() }),
                };
                Some((answer, aggregate, staged))
            }
        }
    }
}
