use async_nats::jetstream;
use headwater_event::Fingerprint;
use tokio::time::timeout_at;

use super::BulkLoad;
use super::batch::{Broken, FastBatch};
use super::bulk_load::{Unsettled, position};
use super::failure::{Failure, Hopeless};
use super::walk::Walk;
use crate::jetstream::broker::created;
use crate::jetstream::verdict::{is_conflict, is_retryable};
use crate::retry::Backoff;
use crate::{AppendError, Denial, ReadError};

/// What only batches of this kind are answered, and means "not now".
const RETRYABLE: [u64; 2] = [
    10208, // the batch is unknown: the server has forgotten it, or has ended it for a reason that was lost
    10211, // too many batches in flight
];

impl BulkLoad {
    pub(super) fn backoff(&self) -> Backoff {
        Backoff::until(self.broker.deadline())
    }

    /// Finds out how much of a broken batch is stored. Returns what broke it when the rest can be sent again.
    pub(super) async fn recover(&mut self, broken: Broken) -> Result<Failure, Hopeless> {
        let batch = self.batch.as_ref();
        let (sent, acknowledged) =
            (batch.map_or(0, FastBatch::sent), batch.map_or(0, FastBatch::acknowledged));
        self.doubt.acknowledged = acknowledged;
        if !matches!(broken, Broken::Refused { .. }) {
            // Some of it may still be on its way.
            self.doubt.sent = self.doubt.sent.max(sent);
        }
        let (refused, error) = match broken {
            Broken::Refused { number, error } => (self.fingerprint(number), error),
            Broken::Lost(failure) => {
                self.find_again().await?;
                return Ok(failure);
            }
            Broken::Denied(denial) => {
                self.find_again().await?;
                return self.resolve_denial(denial);
            }
        };
        self.find_again().await?;
        if refused.is_none() || refused != self.fingerprint(1) {
            return Ok(error.into());
        }
        self.resolve(error).await
    }

    /// The server has denied an event of the batch, and stores none that comes after it.
    fn resolve_denial(&self, denial: Denial) -> Result<Failure, Hopeless> {
        match self.unsettled.front() {
            Some(first) if first.event.subject == denial.subject => {
                let (aggregate, subject) = (first.aggregate.clone(), denial.subject);
                Err(AppendError::Denied { aggregate, subject }.into())
            }
            // What came before it is still on its way. When that is stored, it is denied again.
            _ => Ok(denial.into()),
        }
    }

    /// Looks for the unsettled events behind what was stored before them.
    pub(super) async fn find_again(&mut self) -> Result<(), ReadError> {
        self.end_batch();
        let deadline = self.broker.deadline();
        let domain = self.stream.domain.clone();
        let info = self.broker.existing_stream_info(&domain, deadline).await?;
        let created = created(&info).map_err(|error| ReadError::unavailable(&domain, error))?;
        if created != self.stream.created {
            let evidence = format!("that one was created at {}, this one at {created}", self.stream.created);
            return Err(ReadError::Recreated { domain, sequence: self.base, evidence });
        }
        let last = info.state.last_sequence;
        let mut walk = Walk::new(self.base + 1, last);
        while let Some(first) = self.fingerprint(1) {
            let Some(sequence) = walk.find(&self.broker, &domain, first, deadline).await? else { break };
            self.base = sequence;
            self.settle_first(sequence);
            self.loaded.stored += 1;
        }
        self.base = self.base.max(last);
        // What is missing now was lost after it was acknowledged, and is sent again.
        self.doubt.acknowledged = 0;
        Ok(())
    }

    /// Goes on the way through what an earlier load has stored, as far as the unsettled events lie on it.
    pub(super) async fn find_earlier(&mut self) -> Result<(), ReadError> {
        while let (Some(walk), Some(first)) = (self.earlier.as_mut(), self.unsettled.front()) {
            let (event, deadline) = (first.event.fingerprint, self.broker.deadline());
            match walk.find(&self.broker, &self.stream.domain, event, deadline).await {
                Ok(Some(sequence)) => {
                    self.settle_first(sequence);
                    self.loaded.duplicates += 1;
                }
                Ok(None) => self.earlier = None,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Where an event is stored that the load was given before.
    pub(super) async fn find_given(&self, first: &Unsettled) -> Result<u64, Hopeless> {
        let version = self.expects(first);
        let stored = self.broker.load(&first.aggregate, 1, version, self.broker.deadline()).await?;
        let same = stored.iter().find(|event| event.envelope.fingerprint() == first.event.fingerprint);
        let sequence = same.map(|event| event.sequence).ok_or_else(|| AppendError::Invalid {
            aggregate: first.aggregate.clone(),
            problem: "the load has another event with the same id; an id must be unique for its source"
                .to_owned(),
        })?;
        Ok(sequence)
    }

    /// The server has refused the first unsettled event, and everything before it is settled.
    async fn resolve(&mut self, error: jetstream::Error) -> Result<Failure, Hopeless> {
        let code = error.error_code().0;
        if is_conflict(code) {
            return self.resolve_conflict().await;
        }
        match self.unsettled.front() {
            Some(first) if !RETRYABLE.contains(&code) && !is_retryable(&error) => {
                let (aggregate, description) = (first.aggregate.clone(), error.to_string());
                Err(AppendError::Refused { aggregate, code, description }.into())
            }
            _ => Ok(error.into()),
        }
    }

    /// Tells a real conflict from an event that is there already, by what the leader has stored.
    async fn resolve_conflict(&mut self) -> Result<Failure, Hopeless> {
        let Some(first) = self.unsettled.front() else { return Ok("nothing is left to send".into()) };
        let expected = self.expects(first);
        // Without a connection, the client's queue may have no room for the question.
        let until = self.broker.answered_until(self.broker.deadline());
        let actual = match timeout_at(until, self.broker.last_of(&first.aggregate)).await {
            Ok(Ok(actual)) => actual.unwrap_or(0),
            Ok(Err(failure)) => return Ok(failure),
            Err(elapsed) => return Ok(elapsed.into()),
        };
        if actual == expected {
            // It was sent with another version, or the guard was held by a write that came to nothing.
            return Ok("the aggregate's version was not known yet".into());
        }
        let found = match actual {
            _ if actual < expected => None,
            _ => {
                let deadline = self.broker.deadline();
                let stored = self.broker.load(&first.aggregate, expected + 1, actual, deadline).await;
                let next = stored?.into_iter().next();
                next.filter(|next| next.envelope.fingerprint() == first.event.fingerprint).map(|e| e.sequence)
            }
        };
        let Some(sequence) = found else {
            let aggregate = first.aggregate.clone();
            return Err(AppendError::Conflict { aggregate, expected, actual }.into());
        };
        self.settle_first(sequence);
        if sequence > self.stream.last {
            self.loaded.stored += 1;
        } else {
            self.loaded.duplicates += 1;
            self.earlier = Some(Walk::new(sequence + 1, self.stream.last));
            self.find_earlier().await?;
        }
        Ok("the event was there already".into())
    }

    /// The event with this number in a batch of the unsettled events.
    fn fingerprint(&self, number: u64) -> Option<Fingerprint> {
        let index = position(number.checked_sub(1)?);
        self.unsettled.get(index).map(|event| event.event.fingerprint)
    }
}
