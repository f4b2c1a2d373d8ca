use std::sync::atomic::{AtomicBool, Ordering};

use headwater_log::Delivery;

use super::error_texts::chain;
use super::status::ReactorStatus;

/// Tells the server what is done. What it doesn't hear of comes again, and is known to be done; but as many events as may be in hand
/// stop the reactor, so it is said, once.
pub(super) struct Acknowledging {
    name: &'static str,
    status: ReactorStatus,
    said: AtomicBool,
}

impl Acknowledging {
    pub(super) fn new(name: &'static str, status: ReactorStatus) -> Self {
        Self { name, status, said: AtomicBool::new(false) }
    }

    pub(super) async fn ack(&self, delivery: &Delivery) {
        let Err(error) = delivery.ack().await else { return };
        let (name, sequence, error) = (self.name, delivery.sequence, chain(&error).join(": "));
        self.status.error(&error);
        if self.said.swap(true, Ordering::Relaxed) {
            tracing::debug!(name, sequence, error, "the server doesn't know that an event is done");
        } else {
            tracing::warn!(
                name,
                sequence,
                error,
                "the server doesn't know that an event is done; with too many of them it hands out no more"
            );
        }
    }
}
