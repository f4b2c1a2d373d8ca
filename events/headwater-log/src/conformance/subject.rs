use async_trait::async_trait;
use headwater_event::Domain;

use crate::Log;

/// A log that is put to the test.
#[async_trait]
pub trait Subject: Send + Sync + 'static {
    /// The log as one more process sees it: over a connection of its own, where there are connections.
    async fn log(&self) -> Log;

    /// The log after the stream of `domain` was lost, with all its events.
    async fn log_without(&self, domain: &Domain) -> Log;
}
