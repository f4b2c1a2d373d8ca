use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull};
use async_nats::{Message, StatusCode, Subscriber};
use futures::{StreamExt as _, poll};
use headwater_event::EventFilter;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::super::broker::Broker;
use super::origin::Origin;
use super::window::{Request, Window};

/// How long the server keeps a request for messages.
const EXPIRES: Duration = Duration::from_secs(10);

/// How often the server says that it is still there while there is nothing to send. When two stay away, the
/// session ends.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long without a message before the consumer is asked what it has sent. The heartbeats don't tell: what
/// was on its way when a connection broke is lost, and they go on.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// How long a message may take that the consumer has sent.
const LATE_MAX: Duration = Duration::from_millis(500);

/// How often a session that hears nothing looks whether it still may.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long the server keeps a consumer whose reader is gone.
const INACTIVE_MAX: Duration = Duration::from_secs(30);

pub(super) type Lost = Box<dyn Error + Send + Sync>;

/// One consumer's life.
pub(super) struct Session {
    broker: Arc<Broker>,
    stream: String,
    consumer: String,
    messages: Subscriber,
    inbox: String,
    window: Window,
    /// How many messages the consumer has delivered. It counts them, so a lost one shows.
    delivered: u64,
    /// Since the last message.
    silence: Option<Silence>,
    /// How many connections the client had made when the session began: the server serves the requests of one only.
    connections: u64,
}

/// A time in which no message comes.
struct Silence {
    /// When the consumer was last known to have delivered nothing else.
    checked: Instant,
    /// When the server last said something.
    heard: Instant,
    /// Since when the consumer is known to have delivered more, or to know of no request.
    suspicious: Option<Instant>,
}

impl Session {
    /// The session, and how many messages it has to deliver.
    pub(super) async fn begin(
        broker: &Arc<Broker>,
        filter: &EventFilter,
        after: u64,
    ) -> Result<(Self, u64), Lost> {
        let connections = connections(broker);
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
        let consumer: Consumer<pull::Config> =
            broker.context.create_consumer_on_stream(config, stream.as_str()).await?;
        let info = consumer.cached_info();
        let (consumer, remaining) = (info.name.clone(), info.num_pending);
        let inbox = broker.client.new_inbox();
        let messages = broker.client.subscribe(inbox.clone()).await?;
        let window = Window::new(broker.config.read_ahead_bytes_max);
        let broker = Arc::clone(broker);
        let (delivered, silence) = (0, None);
        let session =
            Self { broker, stream, consumer, messages, inbox, window, delivered, silence, connections };
        Ok((session, remaining))
    }

    /// The next message, however long it takes, and where it is from.
    pub(super) async fn next(&mut self) -> Result<(Origin, Message), Lost> {
        loop {
            while let Some(request) = self.window.next() {
                self.ask(request).await?;
            }
            let message = self.message().await?;
            match message.status {
                None => return Ok((self.received(&message)?, message)),
                Some(status) => self.told(status, &message)?,
            }
        }
    }

    async fn ask(&self, request: Request) -> Result<(), Lost> {
        let Request { messages, bytes } = request;
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", self.stream, self.consumer);
        let (expires, heartbeat) = (EXPIRES.as_nanos(), HEARTBEAT.as_nanos());
        let request =
            json!({ "batch": messages, "max_bytes": bytes, "expires": expires, "idle_heartbeat": heartbeat });
        let sent =
            self.broker.client.publish_with_reply(subject, self.inbox.clone(), request.to_string().into());
        Ok(timeout(self.broker.config.answer_timeout, sent).await??)
    }

    /// The next message or status, however long it takes.
    async fn message(&mut self) -> Result<Message, Lost> {
        loop {
            // One that is there needs no clock.
            let message = match poll!(self.messages.next()) {
                std::task::Poll::Ready(message) => Ok(message),
                std::task::Poll::Pending => timeout(LOOK_EVERY, self.messages.next()).await,
            };
            match message {
                Ok(message) => return message.ok_or_else(|| "the connection was closed".into()),
                Err(_) => self.look().await?,
            }
        }
    }

    /// There is nothing to hear; or it was lost on its way, and no later message shows the gap.
    async fn look(&mut self) -> Result<(), Lost> {
        if connections(&self.broker) != self.connections {
            return Err("the connection was lost".into());
        }
        let now = Instant::now();
        let silence = self.silence.get_or_insert(Silence { checked: now, heard: now, suspicious: None });
        if now - silence.heard > 2 * HEARTBEAT {
            return Err("the server is silent".into());
        }
        match silence.suspicious {
            Some(since) if now - since > LATE_MAX => {
                return Err(format!(
                    "what the consumer has sent after message {} was lost on its way",
                    self.delivered
                )
                .into());
            }
            None if now - silence.checked > SILENCE_MAX => {
                let stream = self.broker.context.get_stream_no_info(&self.stream).await?;
                let info = stream.consumer_info(&self.consumer).await?;
                let now = Instant::now();
                silence.checked = now;
                let is_suspicious =
                    info.delivered.consumer_sequence > self.delivered || info.num_waiting == 0;
                silence.suspicious = is_suspicious.then_some(now);
            }
            Some(_) | None => {}
        }
        Ok(())
    }

    fn received(&mut self, message: &Message) -> Result<Origin, Lost> {
        self.silence = None;
        self.window.received(message.length);
        let reply = message.reply.as_deref().unwrap_or_default();
        let origin =
            Origin::parse(reply).ok_or_else(|| format!("a message came with the reply subject {reply:?}"))?;
        self.delivered += 1;
        if origin.delivered != self.delivered {
            let (got, wanted) = (origin.delivered, self.delivered);
            return Err(
                format!("a message was lost: the consumer is at {got}, the reader at {wanted}").into()
            );
        }
        Ok(origin)
    }

    /// The server says how it stands with a request, or with the consumer.
    fn told(&mut self, status: StatusCode, message: &Message) -> Result<(), Lost> {
        if let Some(silence) = &mut self.silence {
            silence.heard = Instant::now();
        }
        if status == StatusCode::IDLE_HEARTBEAT {
            return Ok(());
        }
        let words = message.description.as_deref().unwrap_or_default();
        let headers = message.headers.as_ref();
        let spare = headers.and_then(|headers| headers.get("Nats-Pending-Bytes"));
        let spare = spare.and_then(|spare| spare.as_str().parse().ok());
        match (status, words, spare) {
            (StatusCode::REQUEST_TERMINATED, "Message Size Exceeds MaxBytes", Some(spare)) => {
                self.window.ended_before_larger(spare);
            }
            (StatusCode::REQUEST_TERMINATED, "Batch Completed", Some(spare))
            | (StatusCode::TIMEOUT, _, Some(spare)) => self.window.ended(spare),
            // The server gives up the consumer's leadership, its life, or itself.
            _ => return Err(format!("the server answered {status}: {words}").into()),
        }
        if let Some(silence) = &mut self.silence {
            silence.suspicious = None;
        }
        Ok(())
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

fn connections(broker: &Broker) -> u64 {
    broker.client.statistics().connects.load(Ordering::Relaxed)
}
