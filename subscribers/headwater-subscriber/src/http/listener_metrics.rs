use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::metrics::Measured;

/// Who listens for changes.
#[derive(Debug, Clone, Default)]
pub(super) struct ListenerMetrics {
    /// Clients that listen now.
    pub(super) listeners: Gauge,
    /// Clients that were too slow.
    pub(super) lagged: Counter,
}

impl Measured for ListenerMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register("http_listeners", "Clients that listen for changes", self.listeners.clone());
        registry.register(
            "http_listeners_lagged",
            "Clients that were told that they are too slow for the changes",
            self.lagged.clone(),
        );
    }
}
