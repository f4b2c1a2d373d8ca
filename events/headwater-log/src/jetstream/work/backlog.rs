use async_nats::jetstream::context::ConsumerInfoErrorKind;
use headwater_event::Domain;

use crate::{JetStreamLog, ReadError};

/// What is yet to be done under a name, as the broker knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Backlog {
    /// How many events are yet to be handed out.
    pub waiting: u64,
    /// How many are handed out, and not acknowledged.
    pub in_hand: u64,
    /// Up to which sequence of the stream everything that is wanted is acknowledged.
    pub acknowledged: u64,
}

impl Backlog {
    /// How many events are yet to be acknowledged.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.waiting.saturating_add(self.in_hand)
    }
}

impl JetStreamLog {
    /// What is yet to be done by whoever works under this name, on this domain's events; `None` when nobody has begun to.
    ///
    /// It is the same whichever instance asks, and needs the permission to ask for the consumer, as [`work`](Self::work) does.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unavailable`] when the broker doesn't answer in time.
    pub async fn backlog(&self, name: &str, domain: &Domain) -> Result<Option<Backlog>, ReadError> {
        let unavailable = |source| ReadError::Unavailable { domain: domain.clone(), source };
        let stream = self.broker.context.get_stream_no_info(domain.stream()).await;
        let stream = stream.map_err(|error| unavailable(error.into()))?;
        match stream.consumer_info(name).await {
            Ok(info) => Ok(Some(Backlog {
                waiting: info.num_pending,
                in_hand: info.num_ack_pending as u64,
                acknowledged: info.ack_floor.stream_sequence,
            })),
            // Nobody has published anything, so there is nothing to do.
            Err(error) if error.kind() == ConsumerInfoErrorKind::StreamNotFound => {
                Ok(Some(Backlog::default()))
            }
            Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => Ok(None),
            Err(error) => Err(unavailable(error.into())),
        }
    }
}
