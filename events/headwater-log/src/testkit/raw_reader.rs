use std::error::Error;
use std::time::Duration;

use async_nats::ConnectOptions;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull, push};
use async_nats::jetstream::{self, Context};
use futures::StreamExt as _;
use headwater_event::Domain;
use tokio::time::timeout;

/// What the NATS client reads by itself: the baseline of measurements.
#[derive(Debug, Clone)]
pub struct RawReader {
    context: Context,
    client: async_nats::Client,
}

/// A way of reading a stream without an acknowledgement for each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RawReading {
    /// The client's ordered push consumer, and a subscription that holds as much as may come.
    OrderedPush,
    /// A pull consumer without acknowledgements that asks for 5,000 messages at a time.
    Pull,
}

/// What is thrown by the client.
type Failed = Box<dyn Error + Send + Sync>;

/// No message for this long is a failure.
const SILENCE_MAX: Duration = Duration::from_secs(30);

impl RawReader {
    /// A client of its own.
    ///
    /// # Errors
    ///
    /// The client's, when no server is there.
    pub async fn connect(url: &str) -> Result<Self, Failed> {
        let client = ConnectOptions::new().subscription_capacity(1 << 20).connect(url).await?;
        Ok(Self { context: jetstream::new(client.clone()), client })
    }

    /// Reads the first `count` messages of a domain's stream, and throws them away. Says how many bytes they had.
    ///
    /// # Errors
    ///
    /// The client's, and that none came for half a minute.
    pub async fn read(&self, domain: &Domain, count: usize, how: RawReading) -> Result<usize, Failed> {
        let stream = self.context.get_stream(domain.stream()).await?;
        let mut bytes = 0;
        match how {
            RawReading::OrderedPush => {
                let config = push::OrderedConfig {
                    deliver_subject: self.client.new_inbox(),
                    deliver_policy: DeliverPolicy::All,
                    ..push::OrderedConfig::default()
                };
                let mut messages = stream.create_consumer(config).await?.messages().await?;
                for _ in 0..count {
                    let message =
                        timeout(SILENCE_MAX, messages.next()).await?.ok_or("the stream ended")??;
                    bytes += message.payload.len();
                }
            }
            RawReading::Pull => {
                let config = pull::Config {
                    ack_policy: AckPolicy::None,
                    memory_storage: true,
                    inactive_threshold: SILENCE_MAX,
                    ..pull::Config::default()
                };
                let consumer = stream.create_consumer(config).await?;
                let mut messages = consumer.stream().max_messages_per_batch(5000).messages().await?;
                for _ in 0..count {
                    let message =
                        timeout(SILENCE_MAX, messages.next()).await?.ok_or("the stream ended")??;
                    bytes += message.payload.len();
                }
            }
        }
        Ok(bytes)
    }

    /// The payloads of what is stored in a domain's stream from now on, as they come.
    ///
    /// # Errors
    ///
    /// The client's.
    pub async fn live(
        &self,
        domain: &Domain,
    ) -> Result<impl futures::Stream<Item = Result<bytes::Bytes, Failed>> + Unpin + use<>, Failed> {
        let stream = self.context.get_stream(domain.stream()).await?;
        let config = pull::Config {
            ack_policy: AckPolicy::None,
            deliver_policy: DeliverPolicy::New,
            memory_storage: true,
            inactive_threshold: SILENCE_MAX,
            ..pull::Config::default()
        };
        let messages = stream.create_consumer(config).await?.messages().await?;
        Ok(messages.map(|message| Ok(message?.payload.clone())).boxed())
    }
}
