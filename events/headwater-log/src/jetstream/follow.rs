//! Following a stream with a pull consumer that keeps no acknowledgements: the reader's own checkpoint is
//! where it goes on.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::pull::{self, Stream};
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer};
use futures::{StreamExt as _, stream};
use headwater_event::EventFilter;
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use super::broker::{Broker, created};
use super::message::stored;
use crate::read::check;
use crate::{Checkpoint, Follow, ReadError, StoredEvent};

/// How many messages one pull asks for: what the server may send before it hears from the reader again.
const MESSAGES_PER_PULL: usize = 2000;

/// How often the server says that it is still there while there is nothing to send. When two stay away, the
/// client ends the session.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long without a message before the consumer is asked what it has sent. The heartbeats don't tell: what
/// was on its way when a connection broke is lost, and they go on.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// How long a message may take that the consumer has sent.
const LATE_MAX: Duration = Duration::from_millis(500);

/// How long the server keeps a consumer whose reader is gone.
const INACTIVE_MAX: Duration = Duration::from_secs(30);

/// How long to wait before a lost consumer is replaced once more.
const PAUSE: Duration = Duration::from_millis(250);

pub(super) async fn follow(
    broker: Arc<Broker>,
    filter: EventFilter,
    checkpoint: Option<Checkpoint>,
) -> Result<Follow, ReadError> {
    let domain = filter.domain().clone();
    let deadline = broker.deadline();
    let info = broker.existing_stream_info(&domain, deadline).await?;
    let created = created(&info).map_err(|error| ReadError::unavailable(&domain, error))?;
    if let Some(checkpoint) = &checkpoint {
        let sequence = checkpoint.sequence;
        // Any server may answer, also one that doesn't have the event yet; the leader says what there is.
        let found = if sequence <= info.state.last_sequence {
            let found = broker.get(&domain, &domain.subjects(), sequence, 1, sequence, deadline).await;
            found.map(|events| events.into_iter().find(|event| event.sequence == sequence))
        } else {
            Ok(None)
        };
        check(&domain, checkpoint, created, found)?;
    }
    let after = checkpoint.map_or(0, |checkpoint| checkpoint.sequence);
    let follower = Follower { broker, filter, created, after, session: None, ended: false };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((event, follower))
    });
    Ok(Follow::new(created, events.boxed()))
}

struct Follower {
    broker: Arc<Broker>,
    filter: EventFilter,
    created: Timestamp,
    /// The sequence of the last event that was given out.
    after: u64,
    session: Option<Session>,
    ended: bool,
}

/// One consumer's life.
struct Session {
    broker: Arc<Broker>,
    stream: String,
    consumer: String,
    messages: Stream,
    /// How many messages the consumer has delivered. It counts them, so a lost one shows.
    delivered: u64,
}

type Lost = Box<dyn Error + Send + Sync>;

impl Follower {
    async fn next(&mut self) -> Option<Result<StoredEvent, ReadError>> {
        if self.ended {
            return None;
        }
        loop {
            let lost = match &mut self.session {
                Some(session) => match session.next().await {
                    Ok(Delivered { sequence, stored_at, message }) => {
                        if sequence <= self.after {
                            continue;
                        }
                        self.after = sequence;
                        let domain = self.filter.domain();
                        let headers = message.headers.as_ref();
                        return Some(stored(domain, sequence, stored_at, headers, &message.payload));
                    }
                    Err(lost) => lost,
                },
                None => match self.begin().await {
                    Ok(()) => continue,
                    Err(Begin::Lost(lost)) => lost,
                    Err(Begin::Ended(error)) => {
                        self.ended = true;
                        return Some(Err(error));
                    }
                },
            };
            tracing::warn!(
                stream = self.filter.domain().stream(),
                after = self.after,
                error = %lost,
                "the consumer is lost; going on with a new one"
            );
            self.session = None;
            sleep(PAUSE).await;
        }
    }

    /// Begins a session after the last event, if this is still the same stream.
    async fn begin(&mut self) -> Result<(), Begin> {
        let domain = self.filter.domain();
        let info = self.broker.stream_info(domain).await.map_err(Begin::Lost)?;
        let recreated = |evidence: String| {
            Begin::Ended(ReadError::Recreated { domain: domain.clone(), sequence: self.after, evidence })
        };
        let Some(info) = info else { return Err(Begin::Lost("the stream is gone".into())) };
        let created = created(&info).map_err(Begin::Lost)?;
        if created != self.created {
            return Err(recreated(format!(
                "that one was created at {}, this one at {created}",
                self.created
            )));
        }
        if info.state.last_sequence < self.after {
            return Err(recreated(format!("it ends at sequence {} now", info.state.last_sequence)));
        }
        self.session =
            Some(Session::begin(&self.broker, &self.filter, self.after).await.map_err(Begin::Lost)?);
        Ok(())
    }
}

enum Begin {
    /// Another attempt may succeed.
    Lost(Lost),
    /// No other attempt will.
    Ended(ReadError),
}

struct Delivered {
    sequence: u64,
    stored_at: Timestamp,
    message: Message,
}

impl Session {
    async fn begin(broker: &Arc<Broker>, filter: &EventFilter, after: u64) -> Result<Self, Lost> {
        let stream = filter.domain().stream();
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            filter_subjects: filter.subjects(),
            inactive_threshold: INACTIVE_MAX,
            // Nothing of it is worth keeping: the reader knows where it is.
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let consumer: PullConsumer =
            broker.context.create_consumer_on_stream(config, stream.as_str()).await?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(MESSAGES_PER_PULL)
            .heartbeat(HEARTBEAT)
            .expires(Duration::from_secs(30))
            .messages()
            .await?;
        let consumer = consumer.cached_info().name.clone();
        Ok(Self { broker: broker.clone(), stream, consumer, messages, delivered: 0 })
    }

    async fn next(&mut self) -> Result<Delivered, Lost> {
        let message = self.message().await?;
        let info = message.info()?;
        self.delivered += 1;
        if info.consumer_sequence != self.delivered {
            let (got, wanted) = (info.consumer_sequence, self.delivered);
            return Err(
                format!("a message was lost: the consumer is at {got}, the reader at {wanted}").into()
            );
        }
        let stored_at = Timestamp::from_nanosecond(info.published.unix_timestamp_nanos())?;
        let sequence = info.stream_sequence;
        Ok(Delivered { sequence, stored_at, message })
    }

    /// The next message, however long it takes.
    async fn message(&mut self) -> Result<Message, Lost> {
        loop {
            if let Ok(message) = timeout(SILENCE_MAX, self.messages.next()).await {
                return Ok(message.ok_or("the server ended the consumer")??);
            }
            // There is nothing to hear; or it was lost on its way, and no later message shows the gap.
            let stream = self.broker.context.get_stream_no_info(&self.stream).await?;
            let sent = stream.consumer_info(&self.consumer).await?.delivered.consumer_sequence;
            if sent > self.delivered {
                let late = timeout(LATE_MAX, self.messages.next()).await;
                let late = late.map_err(|_| format!("message {sent} of the consumer was lost on its way"))?;
                return Ok(late.ok_or("the server ended the consumer")??);
            }
        }
    }
}

impl Drop for Session {
    /// The client leaves consumers behind, and a stream takes a limited number of them. If this request
    /// is lost, the server removes the consumer after a while.
    fn drop(&mut self) {
        let (context, stream, consumer) = (
            self.broker.context.clone(),
            std::mem::take(&mut self.stream),
            std::mem::take(&mut self.consumer),
        );
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = context.delete_consumer_from_stream(&consumer, &stream).await {
                    tracing::debug!(%stream, %consumer, %error, "the consumer is left to expire");
                }
            });
        }
    }
}
