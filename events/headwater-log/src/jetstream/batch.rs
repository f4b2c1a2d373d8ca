//! Atomic batch publish (NATS ADR-50): all messages are stored, or none.

use async_nats::jetstream::context::{PublishError, PublishErrorKind};

use super::append::{Outgoing, Sent};
use super::log::Broker;

/// Sends a batch of `count` messages. The server stages them as they come, and stores them when it sees the one that
/// commits; if that one never comes, because the client has died, it drops the others.
pub(super) async fn send(broker: &Broker, messages: impl Iterator<Item = Outgoing>, count: usize) -> Sent {
    // Each attempt is a batch of its own: the server may still hold what is left of the last one.
    let inbox = broker.client.new_inbox();
    let batch = inbox.rsplit('.').next().unwrap_or(&inbox);
    for (mut message, number) in messages.zip(1..) {
        message.headers.insert("Nats-Batch-Id", batch);
        message.headers.insert("Nats-Batch-Sequence", number.to_string());
        if number == count {
            message.headers.insert("Nats-Batch-Commit", "1");
            return broker.context.send_publish(message.subject.clone(), message.into()).await;
        }
        let sent =
            broker.client.publish_with_headers(message.subject, message.headers, message.payload).await;
        sent.map_err(|error| PublishError::with_source(PublishErrorKind::Other, error))?;
    }
    Err(PublishError::new(PublishErrorKind::Other))
}
