use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use headwater_event::{Aggregate, Domain, EventFilter};
use headwater_log::{
    AppendError, Checkpoint, Commit, EventLog, Follow, Log, Note, NoteError, OpenError, PendingAppend,
    ReadError, StoredEvent, StreamInfo,
};
use headwater_publisher::Aggregates;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock};
use tokio::task::yield_now;

use crate::account::{Account, deposit};
use crate::bed::service;

/// A log that counts what it is asked, and in which a rival may be faster.
pub(crate) struct Watched {
    log: Log,
    loads: AtomicU64,
    events: AtomicU64,
    appends: AtomicU64,
    /// How many reads are under way.
    reading: AtomicU64,
    /// How often one was begun when none was under way.
    rounds: AtomicU64,
    /// Whoever has it for himself holds notes back.
    notes: Arc<RwLock<()>>,
    rival: Aggregates<Account>,
    /// How often the rival will still be faster.
    rivalry: AtomicU64,
    /// How often it was.
    victories: AtomicU64,
}

impl Watched {
    pub(crate) async fn new(log: &Log) -> Arc<Self> {
        Arc::new(Self {
            log: log.clone(),
            loads: AtomicU64::new(0),
            events: AtomicU64::new(0),
            appends: AtomicU64::new(0),
            reading: AtomicU64::new(0),
            rounds: AtomicU64::new(0),
            notes: Arc::default(),
            rival: service(log).await,
            rivalry: AtomicU64::new(0),
            victories: AtomicU64::new(0),
        })
    }

    /// Lets the rival pay a cent into an account just before each of the next appends to it.
    pub(crate) fn let_rival_win(&self, times: u64) {
        self.rivalry.store(times, Ordering::SeqCst);
    }

    /// Keeps no notes until what is returned is dropped.
    pub(crate) async fn hold_notes(&self) -> OwnedRwLockWriteGuard<()> {
        self.notes.clone().write_owned().await
    }

    /// How many reads were begun after others had ended, since the last time that was asked: each is a round trip.
    pub(crate) fn round_trips(&self) -> u64 {
        self.rounds.swap(0, Ordering::SeqCst)
    }

    async fn reading<T>(&self, read: impl Future<Output = T>) -> T {
        if self.reading.fetch_add(1, Ordering::SeqCst) == 0 {
            self.rounds.fetch_add(1, Ordering::SeqCst);
        }
        let _reading = Reading(&self.reading);
        // What is read at the same time is begun before this ends.
        yield_now().await;
        read.await
    }

    /// How many events were loaded, since the last time that was asked.
    pub(crate) fn events_loaded(&self) -> u64 {
        self.events.swap(0, Ordering::SeqCst)
    }

    /// How many aggregates were loaded and how many appends were begun, since the last time that was asked.
    pub(crate) fn loads_and_appends(&self) -> (u64, u64) {
        (self.loads.swap(0, Ordering::SeqCst), self.appends.swap(0, Ordering::SeqCst))
    }
}

/// A read that is under way.
struct Reading<'a>(&'a AtomicU64);

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl EventLog for Watched {
    async fn open(&self, domain: &Domain) -> Result<StreamInfo, OpenError> {
        self.log.open(domain).await
    }

    async fn info(&self, domain: &Domain) -> Result<StreamInfo, ReadError> {
        self.log.info(domain).await
    }

    async fn streams(&self) -> Result<Vec<StreamInfo>, ReadError> {
        self.log.streams().await
    }

    async fn begin_commit(&self, commit: Commit) -> Result<PendingAppend, AppendError> {
        self.appends.fetch_add(1, Ordering::SeqCst);
        let left = self.rivalry.load(Ordering::SeqCst);
        if left > 0 {
            self.rivalry.store(left - 1, Ordering::SeqCst);
            for append in commit.appends() {
                let (id, victory) = (append.aggregate.id(), self.victories.fetch_add(1, Ordering::SeqCst));
                self.rival.handle(deposit(&format!("rival-{victory}"), id, &[1])).await.unwrap();
            }
        }
        self.log.begin_commit(commit).await
    }

    async fn read(&self, domain: &Domain, from: u64, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        self.reading(self.log.read(domain, from, max)).await
    }

    async fn follow(&self, filter: EventFilter, checkpoint: Option<Checkpoint>) -> Result<Follow, ReadError> {
        self.log.follow(filter, checkpoint).await
    }

    async fn load_from(
        &self,
        aggregate: &Aggregate,
        from: u64,
        at_least: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        self.loads.fetch_add(1, Ordering::SeqCst);
        let loaded = self.reading(self.log.load_from(aggregate, from, at_least)).await?;
        self.events.fetch_add(loaded.len() as u64, Ordering::SeqCst);
        Ok(loaded)
    }

    async fn last(&self, aggregate: &Aggregate) -> Result<Option<StoredEvent>, ReadError> {
        self.reading(self.log.last(aggregate)).await
    }

    async fn load_first(&self, aggregate: &Aggregate, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        let loaded = self.reading(self.log.load_first(aggregate, max)).await?;
        self.events.fetch_add(loaded.len() as u64, Ordering::SeqCst);
        Ok(loaded)
    }

    async fn note(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError> {
        self.reading(self.log.note(aggregate, name)).await
    }

    async fn notes(&self, aggregate: &Aggregate, names: &[&str]) -> Result<Vec<Option<Bytes>>, ReadError> {
        self.reading(self.log.notes(aggregate, names)).await
    }

    async fn keep_notes(&self, aggregate: &Aggregate, notes: Vec<Note>) -> Result<(), NoteError> {
        let _may = self.notes.read().await;
        self.log.keep_notes(aggregate, notes).await
    }
}
