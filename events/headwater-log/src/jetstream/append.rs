use std::error::Error;

use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use bytes::Bytes;
use headwater_event::{Aggregate, Fingerprint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

use super::batch;
use super::driver::Driver;
use super::log::Broker;
use super::message::headers;
use super::verdict::{Verdict, verdict};
use crate::append::{NewEvent, is_about};
use crate::retry::Backoff;
use crate::{Append, AppendError, Appended, PendingAppend, StoredEvent};

/// Which subjects the expectation is about (server 2.12); the client has no name for it.
pub(super) const EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: &str = "Nats-Expected-Last-Subject-Sequence-Subject";

/// One append on its way: what is sent, as often as it must be.
struct Attempt {
    broker: Broker,
    deadline: Instant,
    aggregate: Aggregate,
    expected: u64,
    events: Vec<NewEvent>,
}

pub(super) struct Outgoing {
    pub(super) subject: String,
    pub(super) headers: HeaderMap,
    pub(super) payload: Bytes,
}

impl From<Outgoing> for PublishMessage {
    fn from(message: Outgoing) -> Self {
        Self::build().headers(message.headers).payload(message.payload)
    }
}

type Failure = Box<dyn Error + Send + Sync>;

/// Sends an append once, in the caller's order, and leaves the answer, and any retry, to what is
/// returned.
pub(super) async fn begin(
    broker: Broker,
    driver: &Driver,
    append: Append,
) -> Result<PendingAppend, AppendError> {
    let attempt = Attempt::new(broker, append)?;
    let room = attempt.wait_for_room().await;
    let first = match &room {
        Ok(_) => attempt.send().await,
        Err(_) => Err(PublishError::new(PublishErrorKind::TimedOut)),
    };
    let aggregate = attempt.aggregate.clone();
    let answer = driver.take(async move {
        let _room = room;
        attempt.finish(first).await
    });
    Ok(PendingAppend::new(async move {
        answer.await.unwrap_or_else(|source| Err(AppendError::Unknown { aggregate, source }))
    }))
}

impl Attempt {
    fn new(broker: Broker, append: Append) -> Result<Self, AppendError> {
        let (aggregate, expected) = (append.aggregate.clone(), append.expected);
        let events = append.into_new_events(broker.client.server_info().max_payload)?;
        let deadline = broker.deadline();
        Ok(Self { broker, deadline, aggregate, expected, events })
    }

    /// Room for a batch, until its answer is there. Single events find theirs in the client.
    async fn wait_for_room(&self) -> Result<Option<OwnedSemaphorePermit>, Elapsed> {
        if self.events.len() == 1 {
            return Ok(None);
        }
        // Nobody closes the semaphore.
        Ok(timeout_at(self.deadline, self.broker.batches.clone().acquire_owned()).await?.ok())
    }

    async fn send(&self) -> Result<PublishAckFuture, PublishError> {
        let answer = timeout_at(self.deadline, async {
            match &self.events[..] {
                [single] => {
                    let message = self.outgoing(0, single);
                    self.broker.context.send_publish(message.subject.clone(), message.into()).await
                }
                several => {
                    let messages =
                        several.iter().enumerate().map(|(index, event)| self.outgoing(index, event));
                    batch::send(&self.broker, messages).await
                }
            }
        });
        // Without a connection, the client's queue fills up, and then there is no room to wait for.
        answer.await.unwrap_or_else(|_| Err(PublishError::new(PublishErrorKind::TimedOut)))
    }

    fn outgoing(&self, index: usize, event: &NewEvent) -> Outgoing {
        let mut headers = headers(event);
        if index == 0 {
            // The guard of a batch is its first message's: the others are part of the same decision.
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, self.expected.to_string());
            headers.insert(EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, self.aggregate.filter());
        }
        let payload = event.envelope.data_bytes().cloned().unwrap_or_default();
        Outgoing { subject: event.subject.clone(), headers, payload }
    }

    async fn finish(self, first: Result<PublishAckFuture, PublishError>) -> Result<Appended, AppendError> {
        let mut backoff = Backoff::until(self.deadline);
        let mut sent = first;
        loop {
            let settled = match timeout_at(self.deadline, self.settle(sent)).await {
                Ok(settled) => settled,
                Err(elapsed) => Err(elapsed.into()),
            };
            let failure = match settled {
                Ok(answer) => return answer,
                Err(failure) => failure,
            };
            if !backoff.wait().await {
                return Err(AppendError::Unknown { aggregate: self.aggregate, source: failure });
            }
            tracing::debug!(aggregate = %self.aggregate, error = %failure, "sending an append again");
            sent = self.send().await;
        }
    }

    /// Waits for the answer to what was sent; a failure may be tried again.
    async fn settle(
        &self,
        sent: Result<PublishAckFuture, PublishError>,
    ) -> Result<Result<Appended, AppendError>, Failure> {
        let answer = match sent {
            Ok(answer) => answer.await,
            Err(error) => Err(error),
        };
        match verdict(answer) {
            Verdict::Stored(PublishAck { sequence, duplicate: false, .. }) => {
                Ok(Ok(Appended { last: sequence, duplicate: false }))
            }
            Verdict::Stored(PublishAck { sequence, .. }) => self.resolve_duplicate(sequence).await,
            Verdict::Conflict => self.resolve_conflict().await,
            Verdict::Duplicates => self.resolve_duplicates().await,
            Verdict::NoStream(failure) => match self.broker.stream_info(self.aggregate.domain()).await? {
                Some(_) => Err(failure),
                None => Ok(Err(AppendError::NoStream { aggregate: self.aggregate.clone() })),
            },
            Verdict::Refused { code, description } => {
                Ok(Err(AppendError::Refused { aggregate: self.aggregate.clone(), code, description }))
            }
            Verdict::Retry(failure) => Err(failure),
        }
    }

    /// Tells a real conflict from an earlier attempt whose answer was lost, by what the leader has stored.
    async fn resolve_conflict(&self) -> Result<Result<Appended, AppendError>, Failure> {
        let actual = self.broker.last_of(&self.aggregate).await?.unwrap_or(0);
        if actual == self.expected {
            // The guard was held by a write in flight that came to nothing.
            return Err("another write to the aggregate was under way".into());
        }
        if actual > self.expected {
            let stored = match self.events.len() {
                // The first event after the expected version decides.
                1 => self.next(self.expected + 1).await?,
                _ => self.load(self.expected + 1, actual).await?,
            };
            let ours = self.events.iter().map(|event| event.fingerprint);
            let ours = stored.iter().map(fingerprint).take(self.events.len()).eq(ours);
            if let (true, Some(last)) = (ours, stored.get(self.events.len() - 1)) {
                return Ok(Ok(Appended { last: last.sequence, duplicate: true }));
            }
        }
        Ok(Err(self.conflict(actual)))
    }

    /// The broker knows the only event. It knows it by its id alone, so it may be the event of another
    /// aggregate with the same id; then this one was not stored, and must not be called stored.
    async fn resolve_duplicate(&self, sequence: u64) -> Result<Result<Appended, AppendError>, Failure> {
        let domain = self.aggregate.domain();
        let stored = self.broker.get(domain, &domain.subjects(), sequence, 1, sequence, self.deadline).await;
        let ours = match stored {
            Ok(stored) => stored.first().is_some_and(|StoredEvent { envelope, .. }| {
                envelope.event_type().is_ok_and(|event_type| is_about(envelope, event_type, &self.aggregate))
            }),
            Err(error) if error.is_malformed() => false,
            Err(error) => return Err(error.into()),
        };
        Ok(if ours {
            Ok(Appended { last: sequence, duplicate: true })
        } else {
            Err(self.reused_id(sequence))
        })
    }

    /// The broker knows at least one event of the batch, and has stored nothing.
    async fn resolve_duplicates(&self) -> Result<Result<Appended, AppendError>, Failure> {
        let actual = self.broker.last_of(&self.aggregate).await?.unwrap_or(0);
        let stored = self.load(1, actual).await?;
        let find = |ours: &NewEvent| stored.iter().find(|event| fingerprint(event) == ours.fingerprint);
        let found: Vec<_> = self.events.iter().filter_map(find).collect();
        match found.last() {
            Some(last) if found.len() == self.events.len() => {
                Ok(Ok(Appended { last: last.sequence, duplicate: true }))
            }
            _ if actual != self.expected => Ok(Err(self.conflict(actual))),
            Some(reused) => Ok(Err(self.reused_id(reused.sequence))),
            None => Err("an event with the id of one of these is under way, or of another aggregate".into()),
        }
    }

    async fn next(&self, from: u64) -> Result<Vec<StoredEvent>, Failure> {
        let Self { aggregate, deadline, .. } = self;
        Ok(self.broker.get(aggregate.domain(), &aggregate.filter(), from, 1, from, *deadline).await?)
    }

    async fn load(&self, from: u64, at_least: u64) -> Result<Vec<StoredEvent>, Failure> {
        Ok(self.broker.load(&self.aggregate, from, at_least, self.deadline).await?)
    }

    fn conflict(&self, actual: u64) -> AppendError {
        AppendError::Conflict { aggregate: self.aggregate.clone(), expected: self.expected, actual }
    }

    fn reused_id(&self, sequence: u64) -> AppendError {
        AppendError::reused_id(self.aggregate.clone(), sequence)
    }
}

fn fingerprint(event: &StoredEvent) -> Fingerprint {
    event.envelope.fingerprint()
}
