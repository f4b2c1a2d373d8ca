use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use headwater_event::{Aggregate, Domain, EventFilter};
use sled::Db;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::notes::Notes;
use super::stream::StreamReader;
use super::writer::{Arriving, Request, Writer};
use crate::append::MESSAGE_BYTES_MAX;
use crate::read::{Remaining, check};
use crate::{
    AppendError, Checkpoint, Commit, EventLog, Follow, Note, NoteError, OpenError, PendingAppend, ReadError,
    StoredEvent, StreamInfo,
};

/// The log in a directory, inside the process. One process at a time has it open.
pub struct EmbeddedLog {
    db: Db,
    streams: Mutex<BTreeMap<Domain, StreamReader>>,
    notes: Notes,
    writer: Writer,
}

/// How much of the log sled keeps in memory, in bytes. Readers mostly want what was just written.
const CACHE_BYTES: u64 = 24 * 1024 * 1024;

/// How long to wait for a store that is still being closed.
const LOCK_WAIT_MAX: Duration = Duration::from_millis(500);

/// How often to look whether it is closed.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// How many events a follower takes at once.
const EVENTS_PER_READ: usize = 512;

impl EmbeddedLog {
    /// Opens the log in `directory`, and creates it if it isn't there.
    ///
    /// # Errors
    ///
    /// [`EmbeddedError::InUse`] when another process has it open, [`EmbeddedError::Store`] when the
    /// directory can't be read or written.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self, EmbeddedError> {
        let directory = directory.as_ref();
        // Every append is flushed before it is answered; flushing by time as well would be in the way.
        let config = sled::Config::new().path(directory).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let db = open(&config).map_err(|error| EmbeddedError::opening(directory, error))?;
        let writer = Writer::spawn(db.clone())?;
        let notes = Notes::open(&db)?;
        let log = Self { db, streams: Mutex::new(BTreeMap::new()), notes, writer };
        for name in log.db.tree_names() {
            if let Some(domain) = std::str::from_utf8(&name).ok().and_then(Domain::of_stream) {
                log.open_stream(&domain)?;
            }
        }
        Ok(log)
    }

    fn open_stream(&self, domain: &Domain) -> Result<StreamReader, EmbeddedError> {
        let mut streams = self.lock();
        if let Some(reader) = streams.get(domain) {
            return Ok(reader.clone());
        }
        let (reader, appender) = StreamReader::open(&self.db, domain)?;
        self.writer.open(domain, appender)?;
        streams.insert(domain.clone(), reader.clone());
        Ok(reader)
    }

    fn reader(&self, domain: &Domain) -> Result<StreamReader, ReadError> {
        let reader = self.lock().get(domain).cloned();
        reader.ok_or_else(|| ReadError::NoStream { domain: domain.clone() })
    }

    /// A panic elsewhere can't have left the map half-changed: it is only inserted into.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Domain, StreamReader>> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventLog for EmbeddedLog {
    async fn open(&self, domain: &Domain) -> Result<StreamInfo, OpenError> {
        let reader = self
            .open_stream(domain)
            .map_err(|source| OpenError::Unavailable { stream: domain.stream(), source: source.into() })?;
        Ok(reader.info())
    }

    async fn info(&self, domain: &Domain) -> Result<StreamInfo, ReadError> {
        Ok(self.reader(domain)?.info())
    }

    async fn streams(&self) -> Result<Vec<StreamInfo>, ReadError> {
        Ok(self.lock().values().map(StreamReader::info).collect())
    }

    async fn begin_commit(&self, commit: Commit) -> Result<PendingAppend, AppendError> {
        let parts = commit.into_parts(MESSAGE_BYTES_MAX)?;
        // A commit has a first append.
        let aggregate = parts[0].aggregate.clone();
        if !self.lock().contains_key(aggregate.domain()) {
            return Err(AppendError::NoStream { aggregate });
        }
        let (answer, answered) = oneshot::channel();
        let pending = PendingAppend::answered(&aggregate, answered);
        let stopped =
            || AppendError::Unavailable { aggregate, source: "the log's writer has stopped".into() };
        let Some(writer) = self.writer.requests() else { return Err(stopped()) };
        writer.send(Request::Commit(Arriving { parts, answer })).await.map_err(|_| stopped())?;
        Ok(pending)
    }

    async fn read(&self, domain: &Domain, from: u64, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        let stream = self.reader(domain)?;
        let last = stream.last();
        let read = blocking(domain, move || stream.read(from.max(1), last, max, None)).await?;
        read.0.into_iter().collect()
    }

    async fn follow(&self, filter: EventFilter, checkpoint: Option<Checkpoint>) -> Result<Follow, ReadError> {
        let stream = self.reader(filter.domain())?;
        if let Some(checkpoint) = &checkpoint {
            let found = self.read(filter.domain(), checkpoint.sequence, 1).await;
            let found = found.map(|events| events.into_iter().next());
            check(filter.domain(), checkpoint, stream.created, found)?;
        }
        let created = stream.created;
        let next = checkpoint.map_or(1, |checkpoint| checkpoint.sequence + 1);
        let remaining = Remaining::unknown();
        let told = remaining.clone();
        let follower = Follower { stream, filter, next, events: VecDeque::new(), remaining, failed: false };
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
        // A conflict is reported after what caused it is visible, so there is nothing to wait for.
        let (stream, aggregate) = (self.reader(aggregate.domain())?, aggregate.clone());
        let domain = aggregate.domain().clone();
        blocking(&domain, move || stream.load(&aggregate, from, usize::MAX)).await?
    }

    async fn last(&self, aggregate: &Aggregate) -> Result<Option<StoredEvent>, ReadError> {
        let (stream, aggregate) = (self.reader(aggregate.domain())?, aggregate.clone());
        let domain = aggregate.domain().clone();
        blocking(&domain, move || stream.last_of(&aggregate)).await?
    }

    async fn load_first(&self, aggregate: &Aggregate, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        let (stream, aggregate) = (self.reader(aggregate.domain())?, aggregate.clone());
        let domain = aggregate.domain().clone();
        blocking(&domain, move || stream.load(&aggregate, 1, max)).await?
    }

    async fn note(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError> {
        self.notes.read(aggregate, name).await
    }

    async fn keep_notes(&self, aggregate: &Aggregate, notes: Vec<Note>) -> Result<(), NoteError> {
        self.notes.keep(aggregate, notes).await
    }
}

struct Follower {
    stream: StreamReader,
    filter: EventFilter,
    next: u64,
    events: VecDeque<Result<StoredEvent, ReadError>>,
    remaining: Remaining,
    failed: bool,
}

impl Follower {
    async fn next(&mut self) -> Option<Result<StoredEvent, ReadError>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                self.failed = event.as_ref().is_err_and(ReadError::is_unavailable);
                self.remaining
                    .set(self.events.len() as u64 + (self.stream.last() + 1).saturating_sub(self.next));
                return Some(event);
            }
            if self.failed {
                return None;
            }
            let last = *self.stream.visible.borrow_and_update();
            if self.next > last {
                self.remaining.set(0);
                // The sender lives as long as the writer does.
                if self.stream.visible.changed().await.is_err() {
                    let error = ReadError::unavailable(&self.stream.domain, "the log is closed");
                    self.events.push_back(Err(error));
                }
                continue;
            }
            let (stream, filter, from) = (self.stream.clone(), self.filter.clone(), self.next);
            let read = move || stream.read(from, last, EVENTS_PER_READ, Some(&filter));
            match blocking(&self.stream.domain, read).await {
                Ok((events, next)) => (self.events, self.next) = (events.into(), next),
                Err(error) => self.events.push_back(Err(error)),
            }
        }
    }
}

/// Reads the store where it may block, so that the runtime's workers stay free.
pub(super) async fn blocking<T: Send + 'static>(
    domain: &Domain,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ReadError> {
    spawn_blocking(read).await.map_err(|error| ReadError::unavailable(domain, error))
}

/// Opens the store. One that this process has just closed lets go of its lock a moment later, when sled's
/// own threads have finished.
fn open(config: &sled::Config) -> sled::Result<Db> {
    let start = Instant::now();
    loop {
        match config.open() {
            Err(error) if is_locked(&error) && start.elapsed() < LOCK_WAIT_MAX => thread::sleep(LOOK_EVERY),
            result => return result,
        }
    }
}

/// sled has no error of its own for a lock that somebody else holds.
fn is_locked(error: &sled::Error) -> bool {
    matches!(error, sled::Error::Io(error) if error.to_string().contains("lock"))
}

/// Why the embedded log can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Another process has the log open.
    #[error("the log in {} is in use by another process; stop it, or name another directory", directory.display())]
    InUse {
        /// The log's directory.
        directory: PathBuf,
    },
    /// The directory can't be used.
    #[error("the log's directory {} can't be opened", directory.display())]
    Directory {
        /// The log's directory.
        directory: PathBuf,
        /// What sled reports.
        source: sled::Error,
    },
    /// sled can't read or write the store.
    #[error("the embedded log's store can't be opened")]
    Store {
        /// What sled reports.
        #[from]
        source: sled::Error,
    },
    /// The writer's thread can't be started, or a record is corrupt.
    #[error("the embedded log can't be opened")]
    Io {
        /// What the operating system reports.
        #[from]
        source: io::Error,
    },
}

impl EmbeddedError {
    fn opening(directory: &Path, error: sled::Error) -> Self {
        if is_locked(&error) {
            Self::InUse { directory: directory.to_owned() }
        } else {
            Self::Directory { directory: directory.to_owned(), source: error }
        }
    }
}
