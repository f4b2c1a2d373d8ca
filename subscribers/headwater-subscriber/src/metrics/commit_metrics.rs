use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use super::Measured;

/// What is measured of commits. Cloning yields another handle.
#[derive(Debug, Clone)]
pub(crate) struct CommitMetrics {
    events: Counter,
    rows: Counter,
    duration: Histogram,
}

impl Default for CommitMetrics {
    fn default() -> Self {
        // From a small commit in memory, 0.1 ms, to one that waits for a slow disk, 3 s.
        let duration = Histogram::new(exponential_buckets(0.0001, 2.0, 16));
        Self { events: Counter::default(), rows: Counter::default(), duration }
    }
}

impl CommitMetrics {
    pub(crate) fn committed(&self, events: usize, rows: usize, took: Duration) {
        self.events.inc_by(events as u64);
        self.rows.inc_by(rows as u64);
        self.duration.observe(took.as_secs_f64());
    }
}

impl Measured for CommitMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "projection_events_applied",
            "Events that this process has applied and committed",
            self.events.clone(),
        );
        registry.register(
            "projection_rows_written",
            "Rows that this process has written or removed",
            self.rows.clone(),
        );
        registry.register_with_unit(
            "projection_commit_duration",
            "How long commits took, with the flush that some of them wait for",
            Unit::Seconds,
            self.duration.clone(),
        );
    }
}
