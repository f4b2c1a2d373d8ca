use std::error::Error;
use std::future::Future;
use std::time::Duration;

use async_nats::jetstream::context::{
    CreateStreamError, CreateStreamErrorKind, GetStreamError, GetStreamErrorKind, PublishErrorKind,
};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, LastRawMessageError, LastRawMessageErrorKind, StorageType,
};
use async_nats::jetstream::{self, Context, ErrorCode};
use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use futures::TryStreamExt as _;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::AnnounceError;
use super::entry::Stored;
use crate::denials::Denials;
use crate::retry::Backoff;

/// The key-value bucket with the announcements: `nats kv ls HEADWATER_CONTRACTS` shows who is running.
pub(super) const BUCKET: &str = "HEADWATER_CONTRACTS";

const STREAM: &str = "KV_HEADWATER_CONTRACTS";
const SUBJECTS: &str = "$KV.HEADWATER_CONTRACTS.";
const OPERATION: &str = "KV-Operation";
const MARKER: &str = "Nats-Marker-Reason";

/// How many copies a bucket gets in a cluster, so that it is there when one server isn't.
const REPLICAS: usize = 3;

/// How long one attempt waits: shorter than an election, so that the next one finds the new leader soon.
const ANSWER_MAX: Duration = Duration::from_secs(2);

/// Announcements must outlive a lost refresh or two, and not their service by much.
const AGE_MAX: Duration = Duration::from_secs(10 * 60);

/// The bucket, as a plain stream in the layout that the NATS tools know. Everything is asked of the stream's leader: what
/// another server knows may be old, and two services that start in one moment would miss each other.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    context: Context,
    denials: Denials,
    /// How long an announcement lives in a bucket that is made here.
    pub(super) age: Duration,
    /// How long an operation is tried again.
    pub(super) patience: Duration,
}

type Failure = Box<dyn Error + Send + Sync>;

/// What becomes of an attempt: an end, or another attempt.
enum Attempt<T> {
    Done(T),
    Again(Failure),
}

impl Bucket {
    pub(super) fn new(client: Client, denials: Denials) -> Self {
        let mut context = jetstream::new(client);
        context.set_timeout(ANSWER_MAX);
        Self { context, denials, age: Duration::from_secs(60), patience: Duration::from_secs(30) }
    }

    /// Makes sure that the bucket is there, and tells after what time announcements vanish from it.
    pub(super) async fn open(&self) -> Result<Duration, AnnounceError> {
        let mut replicas = REPLICAS;
        let deadline = self.deadline();
        let mut backoff = Backoff::until(deadline);
        loop {
            if let Some(config) = self.config(deadline).await? {
                return usable(&config).map_err(|problem| AnnounceError::Bucket { problem });
            }
            // Another service may make it meanwhile, even with fewer copies; then the next round finds that one.
            if let Some(config) = self.create(&mut replicas, deadline).await? {
                return Ok(config.max_age);
            }
            if !backoff.wait().await {
                return Err(unavailable(CREATE, "it is neither there nor can it be made".into()));
            }
        }
    }

    /// Stores a value, and returns its sequence.
    pub(super) async fn put(&self, key: &str, value: Bytes) -> Result<u64, AnnounceError> {
        let (bytes, max) = (value.len(), self.max_payload());
        if bytes > max {
            return Err(AnnounceError::TooLarge { bytes, max });
        }
        let message = PublishMessage::build().payload(value);
        self.publish(PUT, key, message, self.deadline()).await
    }

    /// Removes a value.
    pub(super) async fn delete(&self, key: &str, within: Duration) -> Result<(), AnnounceError> {
        let mut headers = HeaderMap::new();
        headers.insert(OPERATION, "DEL");
        let deadline = Instant::now() + within;
        self.publish(DELETE, key, PublishMessage::build().headers(headers), deadline).await.map(drop)
    }

    /// All values, at least as they were when the message with that sequence was stored. None without a bucket.
    pub(super) async fn list(&self, at_least: u64) -> Result<Vec<Stored>, AnnounceError> {
        let deadline = self.deadline();
        let subjects = self.subjects(at_least, deadline).await?;
        let mut values = Vec::with_capacity(subjects.len());
        for subject in subjects {
            values.extend(self.get(&subject, deadline).await?);
        }
        Ok(values)
    }

    async fn config(&self, deadline: Instant) -> Result<Option<Config>, AnnounceError> {
        self.tried(OPEN, &api("INFO"), deadline, || async {
            match self.context.get_stream(STREAM).await {
                Ok(stream) => Ok(Attempt::Done(Some(stream.cached_info().config.clone()))),
                Err(error) if is(&error, ErrorCode::STREAM_NOT_FOUND) => Ok(Attempt::Done(None)),
                Err(error) => failed(OPEN, error),
            }
        })
        .await
    }

    async fn create(&self, replicas: &mut usize, deadline: Instant) -> Result<Option<Config>, AnnounceError> {
        let config = stream(self.age, *replicas);
        let subject = api("CREATE");
        let created = self.tried(CREATE, &subject, deadline, || async {
            match self.context.create_stream(config.clone()).await {
                Ok(stream) => Ok(Attempt::Done(Some(stream.cached_info().config.clone()))),
                Err(error) if is(&error, ErrorCode::CLUSTER_NO_PEERS) => {
                    tracing::warn!("too few servers are there to keep several copies of the bucket {BUCKET}");
                    Ok(Attempt::Done(None))
                }
                Err(error)
                    if is(&error, ErrorCode::STREAM_NAME_EXIST)
                        || is(&error, ErrorCode::STREAM_REPLICAS_NOT_SUPPORTED) =>
                {
                    Ok(Attempt::Done(None))
                }
                Err(error) if matches!(error.kind(), CreateStreamErrorKind::JetStreamUnavailable) => {
                    Ok(Attempt::Again(error.into()))
                }
                Err(error) => failed(CREATE, error),
            }
        });
        let created = created.await?;
        if created.is_none() {
            // One server alone, or too few that are there: one copy is better than none.
            *replicas = 1;
        }
        Ok(created)
    }

    async fn publish(
        &self,
        purpose: &'static str,
        key: &str,
        message: PublishMessage,
        deadline: Instant,
    ) -> Result<u64, AnnounceError> {
        let subject = format!("{SUBJECTS}{key}");
        self.tried(purpose, &subject, deadline, || async {
            let sent = match self.context.send_publish(subject.clone(), message.clone()).await {
                Ok(answer) => answer.await,
                Err(error) => Err(error),
            };
            match sent {
                Ok(stored) => Ok(Attempt::Done(stored.sequence)),
                Err(error) if error.kind() == PublishErrorKind::StreamNotFound => {
                    // No leader for the moment, or the bucket is gone: somebody has removed it.
                    Box::pin(self.open()).await?;
                    Ok(Attempt::Again(error.into()))
                }
                Err(error) => failed(purpose, error),
            }
        })
        .await
    }

    async fn subjects(&self, at_least: u64, deadline: Instant) -> Result<Vec<String>, AnnounceError> {
        self.tried(LIST, &api("INFO"), deadline, || async {
            let listed = async {
                let stream = self.context.get_stream_no_info(STREAM).await?;
                let info = stream.info_with_subjects(format!("{SUBJECTS}>")).await?;
                let last = info.info.state.last_sequence;
                let subjects: Vec<_> = info.map_ok(|(subject, _)| subject).try_collect().await?;
                Ok::<_, Failure>((last, subjects))
            };
            match listed.await {
                // A new leader that hasn't caught up with the old one yet.
                Ok((last, _)) if last < at_least => {
                    Ok(Attempt::Again(format!("no server has sequence {at_least} yet").into()))
                }
                Ok((_, subjects)) => Ok(Attempt::Done(subjects)),
                Err(error) if is(&*error, ErrorCode::STREAM_NOT_FOUND) && at_least == 0 => {
                    Ok(Attempt::Done(Vec::new()))
                }
                Err(error) => failed(LIST, error),
            }
        })
        .await
    }

    async fn get(&self, subject: &str, deadline: Instant) -> Result<Option<Stored>, AnnounceError> {
        self.tried(READ, &api("MSG.GET"), deadline, || async {
            let stream = match self.context.get_stream_no_info(STREAM).await {
                Ok(stream) => stream,
                Err(error) => return failed(READ, error),
            };
            let message = match stream.get_last_raw_message_by_subject(subject).await {
                Ok(message) => message,
                // It has expired since it was listed.
                Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => {
                    return Ok(Attempt::Done(None));
                }
                Err(error) => return failed(READ, error),
            };
            if message.headers.get(OPERATION).is_some() || message.headers.get(MARKER).is_some() {
                return Ok(Attempt::Done(None));
            }
            let refreshed_at = Timestamp::from_nanosecond(message.time.unix_timestamp_nanos());
            Ok(Attempt::Done(Some(Stored {
                key: subject.strip_prefix(SUBJECTS).unwrap_or(subject).to_owned(),
                sequence: message.sequence,
                refreshed_at: refreshed_at.unwrap_or_default(),
                payload: message.payload,
            })))
        })
        .await
    }

    /// Tries until it is done, until it can't be done, or until the time is up.
    async fn tried<T, F>(
        &self,
        purpose: &'static str,
        subject: &str,
        deadline: Instant,
        attempt: impl Fn() -> F,
    ) -> Result<T, AnnounceError>
    where
        F: Future<Output = Result<Attempt<T>, AnnounceError>>,
    {
        let mut backoff = Backoff::until(deadline);
        loop {
            let asked = self.denials.or_denied(|denied| denied == subject, attempt());
            let answer = timeout_at(deadline, asked).await;
            let failure: Failure = match answer {
                Ok(Ok(Ok(Attempt::Done(done)))) => return Ok(done),
                Ok(Ok(Ok(Attempt::Again(failure)))) => failure,
                Ok(Ok(Err(error))) => return Err(error),
                Ok(Err(denial)) => return Err(AnnounceError::Denied { purpose, denial }),
                Err(elapsed) => elapsed.into(),
            };
            if !backoff.wait().await {
                return Err(unavailable(purpose, failure));
            }
            tracing::debug!(purpose, error = %failure, "asking the NATS server again");
        }
    }

    fn max_payload(&self) -> usize {
        self.context.client().server_info().max_payload
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }
}

const OPEN: &str = "look for the bucket of announced contracts";
const CREATE: &str = "make the bucket of announced contracts";
const PUT: &str = "announce the service's contract";
const DELETE: &str = "withdraw the service's contract";
const LIST: &str = "list the contracts that are announced";
const READ: &str = "read the contracts that are announced";

fn api(operation: &str) -> String {
    format!("$JS.API.STREAM.{operation}.{STREAM}")
}

/// A key-value bucket as every client of NATS makes one.
fn stream(age: Duration, replicas: usize) -> Config {
    Config {
        name: STREAM.to_owned(),
        description: Some(
            "what the services that are running publish and read; refreshed while they run".to_owned(),
        ),
        subjects: vec![format!("{SUBJECTS}>")],
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_messages_per_subject: 1,
        max_age: age,
        duplicate_window: age.min(Duration::from_secs(120)),
        deny_delete: true,
        allow_rollup: true,
        allow_direct: true,
        num_replicas: replicas,
        ..Config::default()
    }
}

/// After what time announcements vanish from a bucket that somebody else has made.
fn usable(config: &Config) -> Result<Duration, String> {
    let subjects = format!("{SUBJECTS}>");
    if config.subjects != [subjects.as_str()] {
        return Err(format!("its subjects are {:?} and not {subjects}", config.subjects));
    }
    if config.max_age.is_zero() || config.max_age > AGE_MAX {
        return Err("what is announced stays in it when its service has long ended".to_owned());
    }
    if config.mirror.is_some() || config.sealed || config.no_ack {
        return Err("it takes nothing, or doesn't say so".to_owned());
    }
    Ok(config.max_age)
}

/// What the server says will not change, and anything else may.
fn failed<T, E>(purpose: &'static str, error: E) -> Result<Attempt<T>, AnnounceError>
where
    E: Into<Failure>,
{
    let error = error.into();
    let Some(server) = server_error(&*error) else { return Ok(Attempt::Again(error)) };
    let remedy = match (server.code(), server.error_code()) {
        (_, ErrorCode::JETSTREAM_NOT_ENABLED) => "switch JetStream on",
        (_, ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT) => "switch JetStream on for the user's account",
        (503, _) => return Ok(Attempt::Again(error)),
        _ => "see `nats stream info KV_HEADWATER_CONTRACTS`",
    };
    Err(AnnounceError::Refused { purpose, reason: server.to_string(), remedy })
}

fn is(error: &(dyn Error + 'static), code: ErrorCode) -> bool {
    server_error(error).is_some_and(|server| server.error_code() == code)
}

/// The server's own words, which the client keeps in several ways.
fn server_error(error: &(dyn Error + 'static)) -> Option<jetstream::Error> {
    std::iter::successors(Some(error), |&error| error.source()).find_map(|error| {
        if let Some(error) = error.downcast_ref::<GetStreamError>()
            && let GetStreamErrorKind::JetStream(server) = error.kind()
        {
            return Some(server);
        }
        if let Some(error) = error.downcast_ref::<CreateStreamError>()
            && let CreateStreamErrorKind::JetStream(server) = error.kind()
        {
            return Some(server);
        }
        if let Some(error) = error.downcast_ref::<LastRawMessageError>()
            && let LastRawMessageErrorKind::JetStream(server) = error.kind()
        {
            return Some(server);
        }
        error.downcast_ref().cloned()
    })
}

fn unavailable(purpose: &'static str, source: Failure) -> AnnounceError {
    AnnounceError::Unavailable { purpose, source }
}
