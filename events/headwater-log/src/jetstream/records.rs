//! Streams of small records beside the events: who works for whom, and what was parked.

use std::error::Error;
use std::sync::Arc;

use async_nats::HeaderMap;
use async_nats::header::{NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_EXPECTED_STREAM, NATS_MESSAGE_ID};
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{
    Config, DeleteMessageErrorKind, LastRawMessageErrorKind, RawMessageErrorKind,
};
use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::append::{EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, Outgoing};
use super::batch;
use super::broker::Broker;
use super::verdict::Verdict;
use crate::Denial;
use crate::retry::Backoff;

/// One stream of records, which is created when it is needed.
#[derive(Clone)]
pub(super) struct Records {
    broker: Arc<Broker>,
    config: Arc<Config>,
}

pub(super) type Failure = Box<dyn Error + Send + Sync>;

/// Why a record wasn't stored.
pub(super) enum Unstored {
    /// The subject's last record is another one than was expected.
    Conflict,
    /// It may have been stored, or not.
    Unavailable(Failure),
    /// No other attempt will succeed.
    Refused(Failure),
}

/// The server's code for a message that isn't there, or isn't any more.
const NO_MESSAGE: ErrorCode = ErrorCode(10037);
const NO_SUCH_SEQUENCE: ErrorCode = ErrorCode(10043);

impl Records {
    pub(super) fn new(broker: Arc<Broker>, config: Config) -> Self {
        Self { broker, config: Arc::new(config) }
    }

    pub(super) fn stream(&self) -> &str {
        &self.config.name
    }

    /// Creates the stream if it isn't there; one that would lose records is refused.
    pub(super) async fn open(&self, deadline: Instant) -> Result<(), Failure> {
        let info = self.broker.opened(&self.config, deadline).await?;
        match problem(&info.config, &self.config) {
            None => Ok(()),
            Some(problem) => Err(format!("the stream {} isn't fit for it: {problem}", self.stream()).into()),
        }
    }

    /// The last record on the subject, as the stream's leader has it.
    pub(super) async fn last(&self, subject: &str) -> Result<Option<StreamMessage>, Failure> {
        let stream = self.broker.context.get_stream_no_info(self.stream()).await?;
        match stream.get_last_raw_message_by_subject(subject).await {
            Ok(message) => Ok(Some(message)),
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok(None),
                LastRawMessageErrorKind::JetStream(server) if is_absent(server.error_code()) => Ok(None),
                _ => Err(error.into()),
            },
        }
    }

    /// The first record on such a subject at or after the sequence, as the stream's leader has it.
    pub(super) async fn first(&self, subjects: &str, from: u64) -> Result<Option<StreamMessage>, Failure> {
        let stream = self.broker.context.get_stream_no_info(self.stream()).await?;
        match stream.get_first_raw_message_by_subject(subjects, from).await {
            Ok(message) => Ok(Some(message)),
            Err(error) => match error.kind() {
                RawMessageErrorKind::NoMessageFound => Ok(None),
                RawMessageErrorKind::JetStream(server) if is_absent(server.error_code()) => Ok(None),
                _ => Err(error.into()),
            },
        }
    }

    /// All records on such subjects at or after the sequence, as many as there are now. Each is asked for until its own deadline, so
    /// that also many are read, as long as they come.
    pub(super) async fn all(&self, subjects: &str, mut from: u64) -> Result<Vec<StreamMessage>, Failure> {
        let mut records = Vec::new();
        // What is stored meanwhile isn't waited for: that might never end.
        let last = self.retried(|| self.last(subjects)).await?.map_or(0, |last| last.sequence);
        while from <= last {
            let Some(record) = self.retried(|| self.first(subjects, from)).await? else { break };
            if record.sequence > last {
                break;
            }
            from = record.sequence + 1;
            records.push(record);
        }
        Ok(records)
    }

    /// Asks until there is an answer, or the deadline of this one question is over.
    async fn retried<T, F: Future<Output = Result<T, Failure>>>(
        &self,
        ask: impl Fn() -> F,
    ) -> Result<T, Failure> {
        let deadline = self.broker.deadline();
        let mut backoff = Backoff::until(deadline);
        loop {
            match timeout_at(deadline, ask()).await.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(answer) => return Ok(answer),
                Err(failure) if !backoff.wait().await => return Err(failure),
                Err(error) => tracing::debug!(stream = self.stream(), %error, "reading records again"),
            }
        }
    }

    /// Stores a record as the next one after `expected` on its subject, in one attempt.
    pub(super) async fn store_after(
        &self,
        expected: u64,
        subject: &str,
        id: &str,
        payload: Bytes,
        deadline: Instant,
    ) -> Result<u64, Unstored> {
        let mut headers = HeaderMap::new();
        headers.insert(NATS_EXPECTED_STREAM, self.stream());
        headers.insert(NATS_MESSAGE_ID, id);
        headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
        headers.insert(EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, subject);
        let message = Outgoing { subject: subject.to_owned(), headers, payload };
        match batch::verdict(&self.broker, vec![message], deadline).await {
            Verdict::Stored { sequence, duplicate: false } => Ok(sequence),
            // It is looked up where it should be: what was stored may have been removed since.
            Verdict::Stored { duplicate: true, .. } | Verdict::Conflict | Verdict::Duplicates => {
                Err(Unstored::Conflict)
            }
            Verdict::NoStream(failure) => match self.open(deadline).await {
                Ok(()) => Err(Unstored::Unavailable(failure)),
                Err(failure) => Err(Unstored::Unavailable(failure)),
            },
            Verdict::Refused { code, description } => {
                Err(Unstored::Refused(format!("the server refuses it (error {code}): {description}").into()))
            }
            Verdict::Denied(denial @ Denial { subscription: false, .. }) => {
                Err(Unstored::Refused(denial.into()))
            }
            Verdict::Denied(denial) => Err(Unstored::Unavailable(denial.into())),
            Verdict::NotNow(failure) | Verdict::Lost(failure) => Err(Unstored::Unavailable(failure)),
        }
    }

    /// Stores a record behind whatever is on its subject, once, however often it is sent: `id` tells it from others.
    pub(super) async fn store(
        &self,
        subject: &str,
        id: &str,
        payload: Bytes,
        deadline: Instant,
    ) -> Result<u64, Failure> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let last = timeout_at(deadline, self.last(subject)).await;
            let failure = match last.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(Some(last)) if has_id(&last, id) => return Ok(last.sequence),
                Ok(last) => {
                    let expected = last.map_or(0, |last| last.sequence);
                    match self.store_after(expected, subject, id, payload.clone(), deadline).await {
                        Ok(sequence) => return Ok(sequence),
                        Err(Unstored::Refused(failure)) => return Err(failure),
                        Err(Unstored::Unavailable(failure)) => failure,
                        Err(Unstored::Conflict) => {
                            format!("somebody else writes to {subject} at the same time").into()
                        }
                    }
                }
                // Nobody answers for a stream that isn't there.
                Err(failure) => match self.open(deadline).await {
                    Ok(()) => failure,
                    Err(failure) => failure,
                },
            };
            if !backoff.wait().await {
                return Err(failure);
            }
            tracing::debug!(subject, error = %failure, "storing a record again");
        }
    }

    /// Removes a record, if it is still there.
    pub(super) async fn remove(&self, sequence: u64, deadline: Instant) -> Result<(), Failure> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let removed = timeout_at(deadline, self.remove_once(sequence)).await;
            match removed.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(()) => return Ok(()),
                Err(failure) if !backoff.wait().await => return Err(failure),
                Err(error) => tracing::debug!(sequence, %error, "removing a record again"),
            }
        }
    }

    async fn remove_once(&self, sequence: u64) -> Result<(), Failure> {
        let stream = self.broker.context.get_stream_no_info(self.stream()).await?;
        match stream.delete_message(sequence).await {
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                DeleteMessageErrorKind::JetStream(server) if is_absent(server.error_code()) => Ok(()),
                _ => Err(error.into()),
            },
        }
    }
}

/// What would make a stream that is there lose records.
fn problem(actual: &Config, wanted: &Config) -> Option<String> {
    if let Some(subject) = wanted.subjects.iter().find(|subject| !actual.subjects.contains(subject)) {
        return Some(format!("it doesn't take {subject}"));
    }
    let problems = [
        (actual.storage != wanted.storage, "it is kept in memory only"),
        (actual.retention != wanted.retention, "its retention deletes what was read"),
        (!actual.max_age.is_zero(), "it deletes records by their age"),
        (actual.max_messages > 0 || actual.max_bytes > 0, "it is limited in size"),
        (
            actual.max_messages_per_subject.max(0) != wanted.max_messages_per_subject.max(0),
            "it keeps another number of records of each subject",
        ),
        (actual.no_ack, "it acknowledges nothing"),
    ];
    problems.into_iter().find_map(|(wrong, problem)| wrong.then(|| problem.to_owned()))
}

pub(super) fn has_id(message: &StreamMessage, id: &str) -> bool {
    message.headers.get(NATS_MESSAGE_ID).is_some_and(|found| found.as_str() == id)
}

fn is_absent(code: ErrorCode) -> bool {
    [NO_MESSAGE, NO_SUCH_SEQUENCE, ErrorCode::STREAM_NOT_FOUND].contains(&code)
}
