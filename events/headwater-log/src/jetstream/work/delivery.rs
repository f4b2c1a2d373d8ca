use std::error::Error;
use std::fmt;
use std::sync::Arc;

use async_nats::Subject;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::timeout_at;

use super::super::broker::Broker;
use super::WorkKey;
use crate::retry::Backoff;
use crate::{ReadError, StoredEvent};

/// An event in hand. Unless it is acknowledged, it is handed out again.
///
/// There is no way to give it back for later: events of its key that come after it would overtake it.
pub struct Delivery {
    /// The event's place in its stream.
    pub sequence: u64,
    /// When the log stored it.
    pub stored_at: Timestamp,
    /// What it is ordered by.
    pub key: WorkKey,
    /// The event, or what is wrong with what is stored there.
    pub event: Result<StoredEvent, ReadError>,
    /// How often the server has handed it out in this session, from 1.
    pub delivered: u64,
    pub(super) broker: Arc<Broker>,
    pub(super) reply: Subject,
}

impl Delivery {
    /// Says that the event's effect is durable, and waits for the server's confirmation. Repeating it does no harm.
    ///
    /// # Errors
    ///
    /// [`AckError`] when the server hasn't confirmed it in time, or denies it. The event may be handed out again.
    pub async fn ack(&self) -> Result<(), AckError> {
        let deadline = self.broker.deadline();
        let mut backoff = Backoff::until(deadline);
        loop {
            let until = self.broker.answered_until(deadline);
            let confirmed = timeout_at(
                until,
                self.broker.client.request(self.reply.clone(), Bytes::from_static(b"+ACK")),
            );
            let confirmed = self.broker.denials.or_denied(|denied| denied == self.reply.as_str(), confirmed);
            let source: Box<dyn Error + Send + Sync> = match confirmed.await {
                Ok(Ok(Ok(_))) => return Ok(()),
                Ok(Ok(Err(error))) => error.into(),
                Ok(Err(elapsed)) => elapsed.into(),
                // No other attempt will succeed.
                Err(denial) => return Err(AckError { sequence: self.sequence, source: denial.into() }),
            };
            if !backoff.wait().await {
                return Err(AckError { sequence: self.sequence, source });
            }
        }
    }

    /// Says that the work goes on, so that the server waits on. It isn't confirmed: say it several times within the wait.
    pub async fn extend(&self) {
        let said = self.broker.client.publish(self.reply.clone(), Bytes::from_static(b"+WPI"));
        if let Err(error) = said.await {
            tracing::debug!(sequence = self.sequence, %error, "the server wasn't told that work goes on");
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("sequence", &self.sequence)
            .field("key", &self.key)
            .field("event", &self.event)
            .field("delivered", &self.delivered)
            .finish_non_exhaustive()
    }
}

/// The server hasn't confirmed an acknowledgement in time, or denies it.
#[derive(Debug, thiserror::Error)]
#[error("the acknowledgement of sequence {sequence} isn't confirmed; the event may be handed out again")]
pub struct AckError {
    /// The event's sequence.
    pub sequence: u64,
    /// What the last attempt reported.
    pub source: Box<dyn Error + Send + Sync>,
}
