use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_nats::header::NATS_EXPECTED_STREAM;
use async_nats::jetstream::context::{ContextBuilder, GetStreamErrorKind};
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{Config, Info, LastRawMessageErrorKind};
use async_nats::jetstream::{Context, ErrorCode};
use async_nats::{Client, HeaderMap, RequestErrorKind};
use bytes::Bytes;
use futures::TryStreamExt as _;
use headwater_event::{Aggregate, Domain};
use jiff::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::acks::Acks;
use super::config::JetStreamConfig;
use super::direct;
use crate::retry::Backoff;
use crate::{Denials, ReadError, StoredEvent};

/// A connection to the broker, and how it is used.
pub(super) struct Broker {
    pub(super) client: Client,
    pub(super) context: Context,
    pub(super) config: JetStreamConfig,
    /// Where the log's tasks run.
    pub(super) runtime: Handle,
    pub(super) acks: Acks,
    /// Room for single events under way.
    singles: Arc<Semaphore>,
    /// Room for batches under way.
    batches: Arc<Semaphore>,
    pub(super) denials: Denials,
}

/// How many appends may be under way before a caller waits for room. More are hardly faster, and on a slow
/// disk so many that the last one's time is up before its turn comes would all be sent again.
const APPENDS_IN_FLIGHT: usize = 1024;

/// How many of them may be atomic batches. The server handles a connection's batches one by one, at some
/// milliseconds each, and takes at most 50 at a time for a stream, from all its writers.
const BATCHES_IN_FLIGHT: usize = 16;

/// How long to wait for a new stream to be known to all servers.
const HEARD_MAX: Duration = Duration::from_secs(1);

impl Broker {
    /// The broker behind a connection, whose tasks run where this is called.
    pub(super) fn new(client: Client, denials: Denials, config: JetStreamConfig) -> Self {
        let runtime = Handle::current();
        Self {
            context: ContextBuilder::new().timeout(config.answer_timeout).build(client.clone()),
            acks: Acks::new(client.clone(), runtime.clone(), denials.clone()),
            client,
            config,
            runtime,
            singles: Arc::new(Semaphore::new(APPENDS_IN_FLIGHT)),
            batches: Arc::new(Semaphore::new(BATCHES_IN_FLIGHT)),
            denials,
        }
    }

    /// When an operation that begins now must have ended.
    pub(super) fn deadline(&self) -> Instant {
        Instant::now() + self.config.deadline
    }

    /// Until when an answer is waited for, to what is sent now.
    pub(super) fn answered_until(&self, deadline: Instant) -> Instant {
        deadline.min(Instant::now() + self.config.answer_timeout)
    }

    /// A stream as it is, and as it is wanted if it had to be created; tried until the deadline.
    pub(super) async fn opened(
        &self,
        wanted: &Config,
        deadline: Instant,
    ) -> Result<Info, Box<dyn Error + Send + Sync>> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let opened = timeout_at(deadline, self.open(wanted)).await;
            match opened.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(info) => return Ok(info),
                Err(error) if !backoff.wait().await => return Err(error),
                Err(error) => tracing::debug!(stream = wanted.name, %error, "opening the stream again"),
            }
        }
    }

    async fn open(&self, wanted: &Config) -> Result<Info, Box<dyn Error + Send + Sync>> {
        if let Some(info) = self.stream_info_by_name(&wanted.name).await? {
            return Ok(info);
        }
        // Two services that start at once may both create it; the server answers both alike.
        let info = self.context.create_stream(wanted.clone()).await?.cached_info().clone();
        self.wait_until_heard(wanted).await;
        Ok(info)
    }

    /// Waits until the server that we are connected to knows who stores the new stream's subjects. In a
    /// cluster that takes some milliseconds, in which appends would find nobody; they would be sent again,
    /// and in another order.
    async fn wait_until_heard(&self, stream: &Config) {
        let subject = stream.subjects.iter().map(|subject| subject.replace('>', "opened")).next();
        let Some(subject) = subject else { return };
        let mut backoff = Backoff::within(HEARD_MAX);
        loop {
            // What is meant for a stream of another name is refused, by whoever stores it.
            let mut headers = HeaderMap::new();
            headers.insert(NATS_EXPECTED_STREAM, "none");
            let request = self.client.request_with_headers(subject.clone(), headers, Bytes::new());
            match timeout(HEARD_MAX, request).await {
                Ok(Err(error)) if error.kind() == RequestErrorKind::NoResponders && backoff.wait().await => {}
                _ => return,
            }
        }
    }

    /// The domains that have a stream, in their order.
    pub(super) async fn domains(&self, deadline: Instant) -> Result<Vec<Domain>, ReadError> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let names = timeout_at(deadline, self.context.stream_names().try_collect::<Vec<_>>()).await;
            let failure: Box<dyn Error + Send + Sync> = match names {
                Ok(Ok(names)) => {
                    let mut domains: Vec<_> =
                        names.iter().filter_map(|name| Domain::of_stream(name)).collect();
                    domains.sort();
                    return Ok(domains);
                }
                Ok(Err(error)) => error.into(),
                Err(elapsed) => elapsed.into(),
            };
            if !backoff.wait().await {
                return Err(ReadError::Unlisted { source: failure });
            }
        }
    }

    /// Loads an aggregate's events from the sequence `from` on, the event `at_least` among them.
    pub(super) async fn load(
        &self,
        aggregate: &Aggregate,
        from: u64,
        at_least: u64,
        deadline: Instant,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        self.get(aggregate.domain(), &aggregate.filter(), from, usize::MAX, at_least, deadline).await
    }

    /// Reads until the event `at_least` is there: any server of the cluster may answer, also one that lags.
    pub(super) async fn get(
        &self,
        domain: &Domain,
        subjects: &str,
        from: u64,
        max: usize,
        at_least: u64,
        deadline: Instant,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let failure = match direct::get(self, domain, subjects, from, max, deadline).await {
                Ok(events) if events.last().map_or(0, |event| event.sequence) >= at_least => {
                    return Ok(events);
                }
                Ok(_) => ReadError::unavailable(domain, format!("no server has sequence {at_least} yet")),
                Err(error) if error.is_unavailable() => {
                    // Nobody answers for a stream that isn't there.
                    self.existing_stream_info(domain, deadline).await?;
                    error
                }
                Err(error) => return Err(error),
            };
            if !backoff.wait().await {
                return Err(failure);
            }
        }
    }

    /// Room for a commit of so many events, until it is dropped; none when there is none in time.
    pub(super) async fn room(&self, events: usize, deadline: Instant) -> Option<OwnedSemaphorePermit> {
        let room = if events == 1 { &self.singles } else { &self.batches };
        match Arc::clone(room).try_acquire_owned() {
            Ok(room) => Some(room),
            // Nobody closes the semaphore.
            Err(_) => timeout_at(deadline, Arc::clone(room).acquire_owned()).await.ok()?.ok(),
        }
    }

    /// The sequence of an aggregate's last event, as the stream's leader has it.
    pub(super) async fn last_of(
        &self,
        aggregate: &Aggregate,
    ) -> Result<Option<u64>, Box<dyn Error + Send + Sync>> {
        Ok(self.raw_last(aggregate).await?.map(|message| message.sequence))
    }

    /// An aggregate's last event, as the stream's leader has it.
    async fn raw_last(
        &self,
        aggregate: &Aggregate,
    ) -> Result<Option<StreamMessage>, Box<dyn Error + Send + Sync>> {
        let stream = self.context.get_stream_no_info(aggregate.domain().stream()).await?;
        match stream.get_last_raw_message_by_subject(&aggregate.filter()).await {
            Ok(message) => Ok(Some(message)),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The sequence of an aggregate's last event, 0 when there is none, asked for until the deadline.
    pub(super) async fn version(&self, aggregate: &Aggregate, deadline: Instant) -> Result<u64, ReadError> {
        Ok(self.last_message(aggregate, deadline).await?.map_or(0, |message| message.sequence))
    }

    /// An aggregate's last event, asked for until the deadline.
    pub(super) async fn last_message(
        &self,
        aggregate: &Aggregate,
        deadline: Instant,
    ) -> Result<Option<StreamMessage>, ReadError> {
        let domain = aggregate.domain();
        let mut backoff = Backoff::until(deadline);
        loop {
            let last = timeout_at(deadline, self.raw_last(aggregate)).await;
            let failure = match last.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(last) => return Ok(last),
                Err(failure) => failure,
            };
            // Nobody answers for a stream that isn't there.
            self.existing_stream_info(domain, deadline).await?;
            if !backoff.wait().await {
                return Err(ReadError::unavailable(domain, failure));
            }
        }
    }

    /// The stream's state from its leader; none when there is no such stream.
    pub(super) async fn stream_info(
        &self,
        domain: &Domain,
    ) -> Result<Option<Info>, Box<dyn Error + Send + Sync>> {
        self.stream_info_by_name(&domain.stream()).await
    }

    async fn stream_info_by_name(&self, name: &str) -> Result<Option<Info>, Box<dyn Error + Send + Sync>> {
        match self.context.get_stream(name).await {
            Ok(stream) => Ok(Some(stream.cached_info().clone())),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(server)
                    if server.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Ok(None)
                }
                _ => Err(error.into()),
            },
        }
    }

    /// The same for a stream that must be there, asked for until the deadline.
    pub(super) async fn existing_stream_info(
        &self,
        domain: &Domain,
        deadline: Instant,
    ) -> Result<Info, ReadError> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let info = timeout_at(deadline, self.stream_info(domain)).await;
            match info.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(Some(info)) => return Ok(info),
                Ok(None) => return Err(ReadError::NoStream { domain: domain.clone() }),
                Err(error) if !backoff.wait().await => return Err(ReadError::unavailable(domain, error)),
                Err(error) => tracing::debug!(%domain, %error, "asking for the stream again"),
            }
        }
    }
}

pub(super) fn created(info: &Info) -> Result<Timestamp, Box<dyn Error + Send + Sync>> {
    Ok(Timestamp::from_nanosecond(info.created.unix_timestamp_nanos())?)
}
