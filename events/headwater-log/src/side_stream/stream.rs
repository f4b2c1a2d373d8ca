use std::time::Duration;

use async_nats::jetstream::context::{ContextBuilder, CreateStreamErrorKind, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, Info, LastRawMessageErrorKind};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, HeaderMap, HeaderValue};
use bytes::Bytes;
use futures::TryStreamExt as _;
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use super::{Entry, Failure};
use crate::Denials;
use crate::retry::Backoff;

/// A stream, and how it is asked: each call is one attempt, which ends in time, and at once when it is denied.
#[derive(Debug, Clone)]
pub(crate) struct SideStream {
    pub(crate) client: Client,
    context: Context,
    pub(super) denials: Denials,
    wanted: Config,
    /// How long one attempt waits for its answer.
    pub(super) answer_max: Duration,
}

/// What became of a message with an expected sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    /// It is stored.
    At(u64),
    /// It isn't, because its subject has another sequence; or it was, by an earlier attempt.
    Conflict,
}

/// Codes by which the server says that the subject has another sequence; the client knows only the first by name.
const CONFLICT: [u64; 2] = [10071, 10164];

impl SideStream {
    /// A stream that is made like this if it isn't there.
    pub(crate) fn new(client: Client, denials: Denials, wanted: Config, answer_max: Duration) -> Self {
        let context = ContextBuilder::new().timeout(answer_max).build(client.clone());
        Self { client, context, denials, wanted, answer_max }
    }

    pub(crate) fn name(&self) -> &str {
        &self.wanted.name
    }

    /// The largest message that the server takes, in bytes.
    pub(crate) fn payload_max(&self) -> usize {
        self.client.server_info().max_payload
    }

    /// The stream as it is, made if it isn't there; tried until the deadline.
    pub(crate) async fn open(&self, deadline: Instant) -> Result<Info, Failure> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let opened = match self.info().await {
                Ok(Some(info)) => return Ok(info),
                Ok(None) => self.create().await,
                Err(failure) => Err(failure),
            };
            match opened {
                Ok(Some(info)) => return Ok(info),
                // Somebody else has made it meanwhile, perhaps with other settings.
                Ok(None) if backoff.wait().await => {}
                Ok(None) => {
                    return Err(Failure::unavailable("the stream is neither there nor can it be made"));
                }
                Err(Failure::Unavailable(error)) => {
                    if !backoff.wait().await {
                        return Err(Failure::Unavailable(error));
                    }
                    tracing::debug!(stream = self.name(), %error, "opening the stream again");
                }
                Err(lasting) => return Err(lasting),
            }
        }
    }

    /// The stream as its leader knows it; none when there is none.
    pub(crate) async fn info(&self) -> Result<Option<Info>, Failure> {
        self.asked(&format!("$JS.API.STREAM.INFO.{}", self.name()), async {
            match self.context.get_stream(self.name()).await {
                Ok(stream) => Ok(Some(stream.cached_info().clone())),
                Err(error) => match error.kind() {
                    GetStreamErrorKind::JetStream(server)
                        if server.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                    {
                        Ok(None)
                    }
                    GetStreamErrorKind::JetStream(server) => Err(Failure::of(server)),
                    _ => Err(Failure::unavailable(error)),
                },
            }
        })
        .await
    }

    /// None when somebody else has made it.
    async fn create(&self) -> Result<Option<Info>, Failure> {
        self.asked(&format!("$JS.API.STREAM.CREATE.{}", self.name()), async {
            match self.context.create_stream(self.wanted.clone()).await {
                Ok(stream) => Ok(Some(stream.cached_info().clone())),
                Err(error) => match error.kind() {
                    CreateStreamErrorKind::JetStream(server)
                        if server.error_code() == ErrorCode::STREAM_NAME_EXIST =>
                    {
                        Ok(None)
                    }
                    CreateStreamErrorKind::JetStream(server) => Err(Failure::of(server)),
                    _ => Err(Failure::unavailable(error)),
                },
            }
        })
        .await
    }

    /// Stores a message, if its subject's last one has the sequence `expected` (0: if it has none).
    pub(crate) async fn store(
        &self,
        subject: &str,
        mut headers: HeaderMap,
        payload: Bytes,
        expected: Option<u64>,
    ) -> Result<Stored, Failure> {
        if let Some(expected) = expected {
            headers.insert("Nats-Expected-Last-Subject-Sequence", HeaderValue::from(expected));
            // Two writers must name the guarded subject alike, and so all name it.
            headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", subject);
        }
        self.asked(subject, async {
            let answer = self.client.request_with_headers(subject.to_owned(), headers, payload).await;
            let answer = answer.map_err(Failure::unavailable)?;
            match serde_json::from_slice(&answer.payload).map_err(Failure::unavailable)? {
                Acknowledgement { error: None, seq: Some(sequence) } => Ok(Stored::At(sequence)),
                Acknowledgement { error: Some(error), .. } if CONFLICT.contains(&error.error_code().0) => {
                    Ok(Stored::Conflict)
                }
                Acknowledgement { error: Some(error), .. } => Err(Failure::of(error)),
                Acknowledgement { .. } => Err(Failure::unavailable("the server's answer names no sequence")),
            }
        })
        .await
    }

    /// The last message on a subject, as the stream's leader has it.
    pub(crate) async fn last(&self, subject: &str) -> Result<Option<Entry>, Failure> {
        self.asked(&format!("$JS.API.STREAM.MSG.GET.{}", self.name()), async {
            let stream = self.context.get_stream_no_info(self.name()).await.map_err(Failure::unavailable)?;
            match stream.get_last_raw_message_by_subject(subject).await {
                Ok(message) => Ok(Some(Entry {
                    subject: message.subject.to_string(),
                    sequence: message.sequence,
                    headers: message.headers,
                    payload: message.payload,
                    stored_us: u64::try_from(message.time.unix_timestamp_nanos() / 1000).ok(),
                })),
                Err(error) => match error.kind() {
                    LastRawMessageErrorKind::NoMessageFound => Ok(None),
                    LastRawMessageErrorKind::JetStream(server) => Err(Failure::of(server)),
                    _ => Err(Failure::unavailable(error)),
                },
            }
        })
        .await
    }

    /// The subjects of such messages, as the leader knows them.
    pub(crate) async fn subjects(&self, filter: &str) -> Result<Vec<String>, Failure> {
        self.asked(&format!("$JS.API.STREAM.INFO.{}", self.name()), async {
            let stream = self.context.get_stream_no_info(self.name()).await.map_err(Failure::unavailable)?;
            let info = stream.info_with_subjects(filter).await.map_err(Failure::unavailable)?;
            let subjects = info.map_ok(|(subject, _)| subject).try_collect().await;
            subjects.map_err(Failure::unavailable)
        })
        .await
    }

    /// Removes the messages on a subject, or those of them with a sequence below `before`.
    pub(crate) async fn purge(&self, subject: &str, before: Option<u64>) -> Result<(), Failure> {
        self.asked(&format!("$JS.API.STREAM.PURGE.{}", self.name()), async {
            let stream = self.context.get_stream_no_info(self.name()).await.map_err(Failure::unavailable)?;
            let purge = stream.purge().filter(subject);
            let purged = match before {
                Some(before) => purge.sequence(before).await,
                None => purge.await,
            };
            purged.map(drop).map_err(Failure::unavailable)
        })
        .await
    }

    /// One attempt: its answer, the denial of its subject, or the end of its time.
    async fn asked<T>(
        &self,
        subject: &str,
        attempt: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let attempt = self.denials.or_denied(|denied| denied == subject, attempt);
        match timeout(self.answer_max, attempt).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(denial)) => Err(Failure::Denied(denial)),
            Err(elapsed) => Err(Failure::unavailable(elapsed)),
        }
    }
}

/// What a server answers to a message.
#[derive(Deserialize)]
struct Acknowledgement {
    error: Option<async_nats::jetstream::Error>,
    seq: Option<u64>,
}
