use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::metrics::Measured;

/// How far something is behind its streams.
#[derive(Debug, Clone)]
pub(crate) struct LagMetrics {
    /// What it is, with which all names begin.
    kind: &'static str,
    pub(super) events: Family<ByDomain, Gauge<u64, AtomicU64>>,
    pub(super) seconds: Family<ByDomain, Gauge<f64, AtomicU64>>,
    /// When the lag was last known, in seconds since 1970.
    pub(super) known: Family<ByDomain, Gauge<f64, AtomicU64>>,
    pub(super) failures: Counter,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ByDomain {
    pub(super) domain: String,
}

impl LagMetrics {
    pub(super) fn of(kind: &'static str) -> Self {
        Self {
            kind,
            events: Family::default(),
            seconds: Family::default(),
            known: Family::default(),
            failures: Counter::default(),
        }
    }
}

impl Measured for LagMetrics {
    fn register(&self, registry: &mut Registry) {
        let kind = self.kind;
        registry.register(
            format!("{kind}_lag_events"),
            format!("Events in the stream that are yet to take effect in the {kind}, at most"),
            self.events.clone(),
        );
        registry.register_with_unit(
            format!("{kind}_lag"),
            "How long the oldest event that is yet to take effect has been in the stream; 0 when there is none",
            Unit::Seconds,
            self.seconds.clone(),
        );
        registry.register_with_unit(
            format!("{kind}_lag_known_timestamp"),
            "When the lag was last known",
            Unit::Seconds,
            self.known.clone(),
        );
        registry.register(
            format!("{kind}_lag_failures"),
            "How often the lag could not be asked for",
            self.failures.clone(),
        );
    }
}
