use std::collections::BTreeSet;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Config, DeliverPolicy, Info, pull};
use async_nats::jetstream::context::ConsumerInfoErrorKind;
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{Message, message};
use async_nats::{StatusCode, Subscriber};
use futures::StreamExt as _;
use headwater_event::EventFilter;
use jiff::Timestamp;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::super::broker::{Broker, created};
use super::super::message::stored;
use super::{Delivery, WorkConfig, WorkKey};

/// How long the server keeps a request for messages. When it is over, the server says so, and so that it is alive.
const EXPIRES: Duration = Duration::from_secs(2);

/// How long after that the server is still believed to be there.
const LATE_MAX: Duration = Duration::from_secs(2);

pub(super) type Lost = Box<dyn Error + Send + Sync>;

/// What a session is of.
pub(super) struct Place {
    pub(super) broker: Arc<Broker>,
    pub(super) name: String,
    pub(super) filter: EventFilter,
    /// When the stream was created.
    pub(super) created: Timestamp,
    pub(super) config: WorkConfig,
}

/// One life of the consumer, from its lowest event that isn't acknowledged on: in order, and without a gap.
///
/// The server hands out again what wasn't acknowledged in time, and meanwhile goes on with later events. That would let them
/// overtake, so each session begins with a reset to the lowest one, and ends as soon as a message is missing.
pub(super) struct Session<'a> {
    place: &'a Place,
    messages: Subscriber,
    pull_subject: String,
    inbox: String,
    /// How many messages the consumer has sent. It counts them, so a lost one shows.
    received: u64,
    /// How many messages the request that is under way still asks for, and until when it is believed in.
    asked: Option<(u64, Instant)>,
}

/// Why there is no session.
pub(super) enum NoSession {
    /// Another attempt may succeed.
    Lost(Lost),
    Recreated,
    Unfit(String),
}

impl<E: Into<Lost>> From<E> for NoSession {
    fn from(error: E) -> Self {
        Self::Lost(error.into())
    }
}

impl<'a> Session<'a> {
    /// Begins; a consumer that isn't there is made, for the events after `after`.
    pub(super) async fn begin(place: &'a Place, after: u64) -> Result<Self, NoSession> {
        let Place { broker, name, filter, .. } = place;
        let domain = filter.domain();
        let info = broker.stream_info(domain).await?.ok_or("the stream is gone")?;
        if created(&info)? != place.created {
            return Err(NoSession::Recreated);
        }
        let stream = broker.context.get_stream_no_info(domain.stream()).await?;
        match stream.consumer_info(name).await {
            Ok(found) => {
                adjust(place, &stream, &found).await?;
                stream.reset_consumer(name, None).await?;
            }
            Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => {
                let after = after.min(info.state.last_sequence);
                if after > 0 {
                    tracing::warn!(name, after, "the consumer is gone; it is made again");
                }
                stream.create_consumer(wanted(place, after)).await?;
            }
            Err(error) => return Err(error.into()),
        }
        let inbox = broker.client.new_inbox();
        let messages = broker.client.subscribe(inbox.clone()).await?;
        let pull_subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{name}", domain.stream());
        Ok(Self { place, messages, pull_subject, inbox, received: 0, asked: None })
    }

    /// The next event, however long it takes.
    pub(super) async fn next(&mut self) -> Result<Delivery, Lost> {
        loop {
            let (left, until) = match self.asked {
                Some(asked) => asked,
                None => self.ask().await?,
            };
            let message = timeout_at(until, self.messages.next()).await;
            let message =
                message.map_err(|_| "the server doesn't answer")?.ok_or("the connection was closed")?;
            match message.status {
                None => {
                    self.asked = (left > 1).then_some((left - 1, until));
                    let context = self.place.broker.context.clone();
                    return self.delivery(&Message { message, context });
                }
                Some(StatusCode::TIMEOUT) => self.asked = None,
                // The server gives up the consumer's leadership, its life, or itself.
                Some(status) => {
                    let words = message.description.as_deref().unwrap_or_default();
                    if words == "Batch Completed" {
                        self.asked = None;
                        continue;
                    }
                    return Err(format!("the server answered {status}: {words}").into());
                }
            }
        }
    }

    async fn ask(&mut self) -> Result<(u64, Instant), Lost> {
        let batch = u64::from(self.place.config.in_hand_max.max(1));
        let request = json!({ "batch": batch, "expires": EXPIRES.as_nanos() }).to_string();
        let client = &self.place.broker.client;
        let until = Instant::now() + EXPIRES + LATE_MAX;
        let sent = client.publish_with_reply(self.pull_subject.clone(), self.inbox.clone(), request.into());
        timeout_at(until, sent).await??;
        self.asked = Some((batch, until));
        Ok((batch, until))
    }

    fn delivery(&mut self, message: &Message) -> Result<Delivery, Lost> {
        let message::Info { stream_sequence, consumer_sequence, delivered, published, .. } =
            message.info()?;
        self.received += 1;
        if consumer_sequence != self.received {
            let wanted = self.received;
            return Err(format!(
                "a message was lost: the consumer is at {consumer_sequence}, the reader at {wanted}"
            )
            .into());
        }
        let stored_at = Timestamp::from_nanosecond(published.unix_timestamp_nanos())?;
        let domain = self.place.filter.domain();
        Ok(Delivery {
            sequence: stream_sequence,
            stored_at,
            key: WorkKey::of_subject(&message.subject),
            event: stored(domain, stream_sequence, stored_at, message.headers.as_ref(), &message.payload),
            delivered: delivered.unsigned_abs(),
            broker: self.place.broker.clone(),
            reply: message.reply.clone().ok_or("a message came without a reply subject")?,
        })
    }
}

fn wanted(place: &Place, after: u64) -> pull::Config {
    pull::Config {
        durable_name: Some(place.name.clone()),
        description: Some(format!("the work of {}", place.name)),
        deliver_policy: match after {
            0 => DeliverPolicy::All,
            after => DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
        },
        ack_policy: AckPolicy::Explicit,
        ack_wait: place.config.ack_wait,
        // Who works counts the attempts.
        max_deliver: -1,
        max_ack_pending: i64::from(place.config.in_hand_max.max(1)),
        filter_subjects: place.filter.subjects(),
        ..pull::Config::default()
    }
}

/// Makes a consumer that is there the one that is wanted. It keeps its place in the stream.
async fn adjust(place: &Place, stream: &Stream<()>, found: &Info) -> Result<(), NoSession> {
    let Config { ack_policy, deliver_subject, .. } = &found.config;
    if *ack_policy != AckPolicy::Explicit || deliver_subject.is_some() {
        return Err(NoSession::Unfit("it isn't a pull consumer with explicit acknowledgements".to_owned()));
    }
    let mut wanted = wanted(place, 0);
    wanted.deliver_policy = found.config.deliver_policy;
    let is_same = found.config.ack_wait == wanted.ack_wait
        && found.config.max_ack_pending == wanted.max_ack_pending
        && found.config.max_deliver == wanted.max_deliver
        && found.config.pause_until.is_none()
        && subjects(&found.config) == wanted.filter_subjects.iter().map(String::as_str).collect();
    if !is_same {
        tracing::info!(name = place.name, "the consumer's configuration is brought up to date");
        stream.update_consumer(wanted).await?;
    }
    Ok(())
}

fn subjects(config: &Config) -> BTreeSet<&str> {
    let one = Some(config.filter_subject.as_str()).filter(|subject| !subject.is_empty());
    config.filter_subjects.iter().map(String::as_str).chain(one).collect()
}
