use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use headwater_event::{Aggregate, Domain, EventFilter};

use super::{Claim, Told};
use crate::{
    Append, AppendError, Checkpoint, EventLog, Follow, Log, OpenError, PendingAppend, ReadError, StoredEvent,
    StreamInfo,
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
    /// Takes a claim down, and says which it is.
    fn begin(&self, append: &Append) -> usize {
        let mut claims = self.lock();
        claims.push(Claim::unanswered(append));
        claims.len() - 1
    }

    fn told(&self, claim: usize, told: Told) {
        self.lock()[claim].told = told;
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

    async fn begin_append(&self, append: Append) -> Result<PendingAppend, AppendError> {
        // Before it is sent, so that a claim is there for whatever may be stored.
        let claim = self.claims.begin(&append);
        let claims = self.claims.clone();
        let begun = self.log.begin_append(append).await;
        let pending = begun.inspect_err(|error| claims.told(claim, error.into()))?;
        Ok(PendingAppend::new(async move {
            let answer = pending.await;
            claims.told(claim, answer.as_ref().map_or_else(Told::from, |&appended| appended.into()));
            answer
        }))
    }

    async fn read(&self, domain: &Domain, from: u64, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        self.log.read(domain, from, max).await
    }

    async fn follow(&self, filter: EventFilter, checkpoint: Option<Checkpoint>) -> Result<Follow, ReadError> {
        self.log.follow(filter, checkpoint).await
    }

    async fn load(&self, aggregate: &Aggregate, at_least: u64) -> Result<Vec<StoredEvent>, ReadError> {
        self.log.load(aggregate, at_least).await
    }
}
