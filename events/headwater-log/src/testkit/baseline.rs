use std::collections::VecDeque;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::{ContextBuilder, PublishError};
use async_nats::jetstream::message::PublishMessage;

use crate::jetstream::{Outgoing, raw_message};
use crate::{Append, AppendError};

/// What the NATS client does by itself: the baseline of measurements.
///
/// It publishes the bytes that the log would publish. They are made beforehand, and the client's own message is made of them
/// when it is sent, as in any program that uses the client.
#[derive(Debug, Clone)]
pub struct Baseline {
    context: Context,
}

/// A message that is ready to be sent.
#[derive(Debug)]
pub struct BaselineMessage {
    subject: String,
    headers: Vec<(String, String)>,
    payload: bytes::Bytes,
}

/// Which of the headers that the log adds to an event's own a message has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineHeaders {
    /// None: the server neither compares versions nor knows ids.
    Event,
    /// All: the guard and the id.
    Log,
}

impl Baseline {
    /// A client of its own, which waits when `window` messages are unacknowledged.
    ///
    /// # Errors
    ///
    /// The client's, when no server is there.
    pub async fn connect(url: &str, window: usize) -> Result<Self, async_nats::ConnectError> {
        let client = async_nats::connect(url).await?;
        let context =
            ContextBuilder::new().max_ack_inflight(window).backpressure_on_inflight(true).build(client);
        Ok(Self { context })
    }

    /// The messages of these appends, of which each has one event.
    ///
    /// # Errors
    ///
    /// As the log's, for appends that it would refuse before it sends them.
    pub fn messages(
        appends: impl IntoIterator<Item = Append>,
        with: BaselineHeaders,
    ) -> Result<Vec<BaselineMessage>, AppendError> {
        let message = |append| {
            let Outgoing { subject, headers, payload } = raw_message(append)?;
            let headers = headers
                .iter()
                .flat_map(|(name, values)| {
                    values.iter().map(move |value| (name.to_string(), value.as_str().to_owned()))
                })
                .filter(|(name, _)| with == BaselineHeaders::Log || !name.starts_with("Nats-"))
                .collect();
            Ok(BaselineMessage { subject, headers, payload })
        };
        appends.into_iter().map(message).collect()
    }

    /// Publishes a message, and waits for its acknowledgement.
    ///
    /// # Errors
    ///
    /// The client's.
    pub async fn publish(&self, message: BaselineMessage) -> Result<(), PublishError> {
        self.send(message).await?.await.map(drop)
    }

    /// Publishes messages, and waits for their acknowledgements while the next ones are under way.
    ///
    /// # Errors
    ///
    /// The client's, for the first message that isn't acknowledged.
    pub async fn pipelined(&self, messages: Vec<BaselineMessage>, window: usize) -> Result<(), PublishError> {
        let mut under_way = VecDeque::with_capacity(window);
        for message in messages {
            if under_way.len() == window
                && let Some(first) = under_way.pop_front()
            {
                IntoFuture::into_future(first).await?;
            }
            under_way.push_back(self.send(message).await?);
        }
        for acknowledged in under_way {
            acknowledged.await?;
        }
        Ok(())
    }

    async fn send(
        &self,
        message: BaselineMessage,
    ) -> Result<async_nats::jetstream::context::PublishAckFuture, PublishError> {
        let BaselineMessage { subject, headers, payload } = message;
        let mut made = HeaderMap::new();
        for (name, value) in &headers {
            made.insert(name.as_str(), value.as_str());
        }
        let message = PublishMessage::build().headers(made).payload(payload);
        self.context.send_publish(subject, message).await
    }
}
