use std::error::Error;

use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use bytes::Bytes;
use headwater_event::{Aggregate, Fingerprint};

use super::batch;
use super::log::Broker;
use super::message::{headers, size};
use crate::retry::Backoff;
use crate::{Append, AppendError, Appended, PendingAppend};

/// Which subjects the expectation is about (server 2.12); the client has no name for it.
const EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: &str = "Nats-Expected-Last-Subject-Sequence-Subject";

/// One append on its way: what is sent, as often as it must be.
pub(super) struct Attempt {
    broker: Broker,
    pub(super) aggregate: Aggregate,
    expected: u64,
    events: Vec<Fingerprint>,
    pub(super) messages: Vec<Outgoing>,
}

#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) subject: String,
    pub(super) headers: HeaderMap,
    pub(super) payload: Bytes,
}

impl Outgoing {
    pub(super) fn message(self) -> PublishMessage {
        PublishMessage::build().headers(self.headers).payload(self.payload)
    }
}

/// Sends an append once, in the caller's order, and leaves the answer, and any retry, to what is
/// returned.
pub(super) async fn begin(broker: Broker, append: Append) -> Result<PendingAppend, AppendError> {
    let attempt = Attempt::new(broker, append)?;
    let first = attempt.send().await;
    // The answer must come by itself, also when nobody awaits it: a retry is part of the append.
    let answer = tokio::spawn(attempt.finish(first));
    Ok(PendingAppend::new(async move {
        match answer.await {
            Ok(answer) => answer,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }))
}

/// What the server says to an attempt.
enum Verdict {
    Stored(PublishAck),
    /// Somebody was first, and it may have been an earlier attempt of ours.
    Conflict,
    Refused { code: u64, description: String },
    /// No answer, or one that means "not now".
    Retry(Box<dyn Error + Send + Sync>),
}

impl Attempt {
    fn new(broker: Broker, append: Append) -> Result<Self, AppendError> {
        let (aggregate, expected) = (append.aggregate.clone(), append.expected);
        let max = broker.client.server_info().max_payload;
        let events = append.with_subjects()?;
        let fingerprints = events.iter().map(|(_, event)| event.fingerprint()).collect();
        let mut messages = Vec::with_capacity(events.len());
        for (subject, event) in events {
            let mut headers = headers(&event);
            if messages.is_empty() {
                // The guard of a batch is its first message's: the others are part of the same decision.
                headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
                headers.insert(EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, aggregate.filter());
            }
            let payload = event.data_bytes().cloned().unwrap_or_default();
            let bytes = size(&headers, &payload);
            if bytes > max {
                return Err(AppendError::TooLarge { aggregate, bytes, max });
            }
            messages.push(Outgoing { subject, headers, payload });
        }
        if messages.len() > batch::EVENTS_MAX {
            let problem = format!("it has {} events, and a batch takes at most {}", messages.len(), batch::EVENTS_MAX);
            return Err(AppendError::Invalid { aggregate, problem });
        }
        Ok(Self { broker, aggregate, expected, events: fingerprints, messages })
    }

    async fn send(&self) -> Result<PublishAckFuture, PublishError> {
        match &self.messages[..] {
            [single] => self.broker.context.send_publish(single.subject.clone(), single.clone().message()).await,
            several => batch::send(&self.broker, several).await,
        }
    }

    async fn finish(self, first: Result<PublishAckFuture, PublishError>) -> Result<Appended, AppendError> {
        let mut backoff = Backoff::within(self.broker.config.deadline);
        let mut sent = first;
        loop {
            let answer = match sent {
                Ok(answer) => answer.await,
                Err(error) => Err(error),
            };
            let aggregate = || self.aggregate.clone();
            let failure = match verdict(answer) {
                Verdict::Stored(ack) => return Ok(Appended { last: ack.sequence, duplicate: ack.duplicate }),
                Verdict::Refused { code, description } => {
                    return Err(AppendError::Refused { aggregate: aggregate(), code, description });
                }
                Verdict::Retry(source) => source,
                Verdict::Conflict => match self.resolve_conflict().await {
                    Ok(appended) => return appended,
                    Err(source) => source,
                },
            };
            if !backoff.wait().await {
                return Err(AppendError::Unknown { aggregate: aggregate(), source: failure });
            }
            tracing::debug!(aggregate = %self.aggregate, error = %failure, "sending an append again");
            sent = self.send().await;
        }
    }

    /// Tells a real conflict from an earlier attempt whose answer was lost, by what the leader has stored.
    async fn resolve_conflict(&self) -> Result<Result<Appended, AppendError>, Box<dyn Error + Send + Sync>> {
        let actual = self.broker.last_of(&self.aggregate).await?.unwrap_or(0);
        if actual > self.expected {
            let stored = self.broker.load(&self.aggregate, self.expected + 1, actual).await?;
            let ours = stored.len() >= self.events.len()
                && stored.iter().zip(&self.events).all(|(stored, ours)| stored.envelope.fingerprint() == *ours);
            if let (true, Some(last)) = (ours, stored.get(self.events.len() - 1)) {
                return Ok(Ok(Appended { last: last.sequence, duplicate: true }));
            }
        }
        if actual == self.expected {
            // The guard was held by a write in flight that came to nothing.
            return Err("another write to the aggregate was under way".into());
        }
        Ok(Err(AppendError::Conflict { aggregate: self.aggregate.clone(), expected: self.expected, actual }))
    }
}

/// Codes by which the server says that the aggregate isn't at the expected version, or that it has these
/// events already. The client knows the first by name, and no other.
const CONFLICTS: [u64; 3] = [10071, 10164, 10201];

/// Codes by which the server says "not now": an election, a write in flight, a batch too many.
const RETRYABLE: [u64; 4] = [10163, 10008, 10167, 10210];

fn verdict(answer: Result<PublishAck, PublishError>) -> Verdict {
    let error = match answer {
        Ok(ack) => return Verdict::Stored(ack),
        Err(error) => error,
    };
    let server = error.source().and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>());
    match (server, error.kind()) {
        (Some(server), _) => {
            let code = server.error_code().0;
            if CONFLICTS.contains(&code) {
                Verdict::Conflict
            } else if RETRYABLE.contains(&code) || server.code() == 503 {
                Verdict::Retry(Box::new(error))
            } else {
                let description = server.to_string();
                Verdict::Refused { code, description }
            }
        }
        (None, PublishErrorKind::WrongLastSequence) => Verdict::Conflict,
        (None, _) => Verdict::Retry(Box::new(error)),
    }
}
