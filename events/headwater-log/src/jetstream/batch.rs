//! Atomic batch publish (NATS ADR-50): all messages are stored, or none.

use tokio::time::Instant;

use super::acks::{Awaiting, waiter};
use super::append::Outgoing;
use super::broker::Broker;
use super::verdict::Verdict;

/// Publishes messages as a batch, or one alone. The server stages them as they come, and stores them when it sees the one that
/// commits; if that one never comes, because the client has died, it drops the others.
pub(super) async fn publish(
    broker: &Broker,
    mut messages: Vec<Outgoing>,
    until: Instant,
    awaiting: Box<dyn Awaiting>,
) {
    let count = messages.len();
    let Some(mut last) = messages.pop() else {
        return awaiting.answered(Verdict::NotNow("there is nothing to publish".into()));
    };
    if count > 1 {
        // Each attempt is a batch of its own: the server may still hold what is left of the last one.
        let inbox = broker.client.new_inbox();
        let batch = inbox.rsplit('.').next().unwrap_or(&inbox);
        for (message, number) in messages.iter_mut().zip(1..) {
            mark(message, batch, number);
        }
        mark(&mut last, batch, count);
        last.headers.insert("Nats-Batch-Commit", "1");
    }
    broker.acks.publish(messages, last, until, awaiting).await;
}

/// Publishes messages as a batch, or one alone, and waits for the verdict.
pub(super) async fn verdict(broker: &Broker, messages: Vec<Outgoing>, deadline: Instant) -> Verdict {
    let (awaiting, verdict) = waiter(messages.iter().map(|message| message.subject.clone()).collect());
    publish(broker, messages, broker.answered_until(deadline), awaiting).await;
    verdict.await
}

fn mark(message: &mut Outgoing, batch: &str, number: usize) {
    message.headers.insert("Nats-Batch-Id", batch);
    message.headers.insert("Nats-Batch-Sequence", number.to_string());
}
