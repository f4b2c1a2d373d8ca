use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use headwater_event::{Aggregate, Domain, EventFilter};

use super::{Claim, Told};
use crate::{
    AppendError, Appended, Checkpoint, Commit, EventLog, Follow, Log, Note, NoteError, OpenError,
    PendingAppend, ReadError, StoredEvent, StreamInfo,
};

/// A log that takes down what its writers were told, for a [`StreamCheck`](super::StreamCheck).
pub struct Witness {
    log: Log,
    claims: Arc<Claims>,
}

#[derive(Default)]
struct Claims(Mutex<Vec<Claim>>);

impl Witness {
    /// Stands between a log and its writers.
    #[must_use]
    pub fn of(log: Log) -> Arc<Self> {
        Arc::new(Self { log, claims: Arc::default() })
    }

    /// All appends so far. One that isn't answered, or whose answer nobody took, was told
    /// [`Told::Nothing`](super::Told::Nothing).
    #[must_use]
    pub fn claims(&self) -> Vec<Claim> {
        self.claims.lock().clone()
    }
}

impl Claims {
    /// Takes down a claim for each aggregate, and says which they are.
    fn begin(&self, commit: &Commit) -> Range<usize> {
        let mut claims = self.lock();
        let first = claims.len();
        claims.extend(commit.appends().map(Claim::unanswered));
        first..claims.len()
    }

    fn stored(&self, made: &Range<usize>, Appended { mut last, duplicate }: Appended) {
        for claim in self.lock()[made.clone()].iter_mut().rev() {
            claim.told = Told::Stored { last, repeated: duplicate };
            if duplicate {
                // They are stored together, but nobody said in which order.
                return;
            }
            last -= claim.events.len() as u64;
        }
    }

    fn failed(&self, made: &Range<usize>, error: &AppendError) {
        for claim in &mut self.lock()[made.clone()] {
            claim.told = match error {
                // Another aggregate's version, for which this one wasn't stored either.
                AppendError::Conflict { aggregate, .. } if *aggregate != claim.aggregate => {
                    Told::Refused { why: error.to_string() }
                }
                error => error.into(),
            };
        }
    }

    /// A panic elsewhere can't leave a claim half-made.
    fn lock(&self) -> MutexGuard<'_, Vec<Claim>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventLog for Witness {
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
        // Before it is sent, so that claims are there for whatever may be stored.
        let made = self.claims.begin(&commit);
        let claims = self.claims.clone();
        let begun = self.log.begin_commit(commit).await;
        let pending = begun.inspect_err(|error| claims.failed(&made, error))?;
        Ok(PendingAppend::new(async move {
            let answer = pending.await;
            match &answer {
                Ok(appended) => claims.stored(&made, *appended),
                Err(error) => claims.failed(&made, error),
            }
            answer
        }))
    }

    async fn read(&self, domain: &Domain, from: u64, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        self.log.read(domain, from, max).await
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
        self.log.load_from(aggregate, from, at_least).await
    }

    async fn last(&self, aggregate: &Aggregate) -> Result<Option<StoredEvent>, ReadError> {
        self.log.last(aggregate).await
    }

    async fn load_first(&self, aggregate: &Aggregate, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        self.log.load_first(aggregate, max).await
    }

    async fn note(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError> {
        self.log.note(aggregate, name).await
    }

    async fn notes(&self, aggregate: &Aggregate, names: &[&str]) -> Result<Vec<Option<Bytes>>, ReadError> {
        self.log.notes(aggregate, names).await
    }

    async fn keep_notes(&self, aggregate: &Aggregate, notes: Vec<Note>) -> Result<(), NoteError> {
        self.log.keep_notes(aggregate, notes).await
    }
}
