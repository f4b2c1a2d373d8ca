use std::error::Error;
use std::time::Duration;

use async_nats::{Client, HeaderMap, Subscriber, jetstream};
use bytes::Bytes;
use futures::{FutureExt as _, StreamExt as _};
use tokio::time::{Instant, timeout, timeout_at};

use super::protocol::{Answer, Operation, answer, reply};
use crate::Denial;
use crate::denials::Denied;
use crate::jetstream::append::Outgoing;
use crate::jetstream::broker::Broker;

/// How many messages the server is asked to acknowledge at a time. It takes 500 at most, and fewer when many load
/// at once.
const FLOW_MAX: u64 = 500;

/// How many acknowledgements may be outstanding.
const ACKNOWLEDGEMENTS_IN_FLIGHT: u64 = 2;

/// A batch under way at the server. What it holds is stored as it comes; what it loses is known to its owner.
pub(super) struct FastBatch {
    client: Client,
    answers: Subscriber,
    denied: Denied,
    inbox: String,
    id: String,
    answer_timeout: Duration,
    /// Until when it must have stored more than it has. An answer that says nothing new gives no new time: a server that
    /// has lost the end of a batch still answers whoever asks, and would do so for ever.
    stores_until: Instant,
    /// A subject of the stream, for what isn't stored.
    subject: String,
    sent: u64,
    acknowledged: u64,
    /// How many messages one acknowledgement is for; none before the server has said so.
    flow: Option<u64>,
}

/// Why a batch doesn't go on. Nothing after the first message that isn't stored is stored.
#[derive(Debug)]
pub(super) enum Broken {
    /// The server doesn't store this message.
    Refused { number: u64, error: jetstream::Error },
    /// The server doesn't let us publish one of the messages, and answers nothing to it.
    Denied(Denial),
    /// Nobody knows where it ended.
    Lost(Box<dyn Error + Send + Sync>),
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Broken {
    fn from(error: E) -> Self {
        Self::Lost(error.into())
    }
}

impl FastBatch {
    pub(super) async fn begin(broker: &Broker) -> Result<Self, Broken> {
        let inbox = broker.client.new_inbox();
        // The server tells batches apart by this name alone, whoever sends them.
        let id = inbox.rsplit('.').next().unwrap_or(&inbox).to_owned();
        let answer_timeout = broker.config.answer_timeout;
        let denied = broker.denials.watch();
        let answers = timeout(answer_timeout, broker.client.subscribe(format!("{inbox}.>"))).await??;
        Ok(Self {
            client: broker.client.clone(),
            answers,
            denied,
            inbox,
            id,
            answer_timeout,
            stores_until: Instant::now() + answer_timeout,
            subject: String::new(),
            sent: 0,
            acknowledged: 0,
            flow: None,
        })
    }

    /// How many messages were sent.
    pub(super) fn sent(&self) -> u64 {
        self.sent
    }

    /// How many of them are surely stored.
    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Sends a message, and waits for room for the next. `is_ours` tells the subjects of the batch's messages.
    pub(super) async fn send(
        &mut self,
        message: Outgoing,
        is_ours: impl Fn(&str) -> bool,
    ) -> Result<(), Broken> {
        let operation = if self.sent == 0 { Operation::Begin } else { Operation::Append };
        self.subject.clone_from(&message.subject);
        self.publish(self.sent + 1, operation, message.headers, message.payload).await?;
        self.sent += 1;
        while let Some(Some(message)) = self.answers.next().now_or_never() {
            self.take(answer(&message)?)?;
        }
        if !self.has_room() {
            self.wait_anew();
        }
        while !self.has_room() {
            let answer = self.answer(&is_ours).await?;
            self.take(answer)?;
        }
        Ok(())
    }

    /// Ends the batch, and returns the sequence of its last message. All of them are stored.
    pub(super) async fn end(&mut self, is_ours: impl Fn(&str) -> bool) -> Result<u64, Broken> {
        self.publish(self.sent + 1, Operation::End, HeaderMap::new(), Bytes::new()).await?;
        self.wait_anew();
        loop {
            match self.answer(&is_ours).await? {
                Answer::Over { count, last } if count == self.sent => return Ok(last),
                answer => self.take(answer)?,
            }
        }
    }

    /// The first message finds out how fast to go on, or that there is no going on.
    fn has_room(&self) -> bool {
        self.flow.is_some_and(|flow| self.sent - self.acknowledged < flow * ACKNOWLEDGEMENTS_IN_FLIGHT)
    }

    fn wait_anew(&mut self) {
        self.stores_until = Instant::now() + self.answer_timeout;
    }

    fn take(&mut self, answer: Answer) -> Result<(), Broken> {
        match answer {
            Answer::Stored { number, flow } => {
                let acknowledged = self.acknowledged.max(number).min(self.sent);
                if acknowledged > self.acknowledged {
                    self.wait_anew();
                }
                self.acknowledged = acknowledged;
                self.flow = Some(flow);
                Ok(())
            }
            Answer::Refused { number, error } => Err(Broken::Refused { number, error }),
            Answer::Gap => Err("a message was lost on its way".into()),
            Answer::Over { count, .. } => Err(format!("the server ended the batch after {count}").into()),
        }
    }

    /// Waits for an answer. When none comes, one may have been lost, so it is asked for once more.
    async fn answer(&mut self, is_ours: impl Fn(&str) -> bool) -> Result<Answer, Broken> {
        let now = Instant::now();
        if now >= self.stores_until {
            return Err("the server answers, and stores nothing more".into());
        }
        let patience = self.stores_until.min(now + self.answer_timeout / 2);
        if let Ok(heard) = timeout_at(patience, self.hear(&is_ours)).await {
            return heard;
        }
        self.publish(self.sent, Operation::Ping, HeaderMap::new(), Bytes::new()).await?;
        timeout_at(self.stores_until, self.hear(is_ours)).await?
    }

    /// Waits for an answer, or for the denial of a message.
    async fn hear(&mut self, is_ours: impl Fn(&str) -> bool) -> Result<Answer, Broken> {
        loop {
            let denial = tokio::select! {
                biased;
                message = self.answers.next() => return Ok(answer(&message.ok_or("the connection is closed")?)?),
                denial = self.denied.next() => denial,
            };
            // Others share the connection.
            if !denial.subscription && is_ours(&denial.subject) {
                return Err(Broken::Denied(denial));
            }
        }
    }

    async fn publish(
        &self,
        number: u64,
        operation: Operation,
        headers: HeaderMap,
        payload: Bytes,
    ) -> Result<(), Broken> {
        let reply = reply(&self.inbox, &self.id, FLOW_MAX, number, operation);
        let publish =
            self.client.publish_with_reply_and_headers(self.subject.clone(), reply, headers, payload);
        // Without a connection, the client's queue fills up, and then there is no room to wait for.
        Ok(timeout(self.answer_timeout, publish).await??)
    }
}
