use std::sync::atomic::{AtomicBool, Ordering};

use async_nats::Event;

use crate::denials::Denials;

/// Logs what happens to a connection, for its operator, and passes on what the server denies.
pub(super) struct ClientEvents {
    was_connected: AtomicBool,
    denials: Denials,
}

impl ClientEvents {
    pub(super) fn new(denials: Denials) -> Self {
        Self { was_connected: AtomicBool::new(false), denials }
    }

    pub(super) fn log(&self, event: &Event) {
        self.denials.observe(event);
        match event {
            Event::Connected if self.was_connected.swap(true, Ordering::Relaxed) => {
                tracing::info!("connected to NATS again");
            }
            Event::Connected => tracing::debug!("connected to NATS"),
            Event::Disconnected => tracing::warn!("lost the connection to NATS; reconnecting"),
            Event::LameDuckMode => {
                tracing::warn!("the NATS server is about to shut down; another one takes over")
            }
            Event::SlowConsumer(subscription) => tracing::warn!(
                subscription,
                "messages were dropped, because this process reads a subscription more slowly than they arrive"
            ),
            // Denied publishes and subscriptions arrive here, and otherwise only as time-outs.
            Event::ServerError(error) => tracing::error!(%error, "the NATS server reports an error"),
            Event::ClientError(error) => tracing::warn!(%error, "the NATS client reports an error"),
            Event::Draining | Event::Closed => tracing::debug!("closing the connection to NATS: {event}"),
        }
    }
}
