use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::lag_metrics::ByDomain;
use crate::metrics::Measured;
use crate::{BuildStatus, ProjectorError, Standing, Stores};

/// How far a projection is, and whether it goes on.
#[derive(Debug, Clone)]
pub(super) struct StateMetrics {
    pub(super) position: Family<ByDomain, Gauge<u64, AtomicU64>>,
    /// How far the build is that this process works on, which may not be the one that is live.
    build_is_live: Gauge,
    build_remaining: Gauge<u64, AtomicU64>,
    build_rate: Gauge<f64, AtomicU64>,
    partitions: Gauge,
    halted: Gauge,
    failures: Family<ByKind, Counter>,
    store: String,
    version: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByKind {
    kind: &'static str,
}

impl StateMetrics {
    pub(super) fn new(store: &Stores, version: u32) -> Self {
        let failures = Family::<ByKind, Counter>::default();
        // So that the first one is a rise, and not a new figure.
        for kind in KINDS {
            let _ = failures.get_or_create(&ByKind { kind });
        }
        Self {
            position: Family::default(),
            build_is_live: Gauge::default(),
            build_remaining: Gauge::default(),
            build_rate: Gauge::default(),
            partitions: Gauge::default(),
            halted: Gauge::default(),
            failures,
            store: store.to_string(),
            version,
        }
    }

    pub(super) fn build(&self, status: &BuildStatus) {
        self.build_is_live.set((status.standing == Standing::Live).into());
        self.build_rate.set(status.events_per_s);
        if let Some(remaining) = status.remaining {
            self.build_remaining.set(remaining);
        }
    }

    /// How many partitions of the state are here.
    pub(super) fn partitions(&self, here: usize) {
        self.partitions.set(i64::try_from(here).unwrap_or(i64::MAX));
    }

    pub(super) fn halted(&self, error: &ProjectorError) {
        self.halted.set(1);
        self.failures.get_or_create(&ByKind { kind: kind(error) }).inc();
    }
}

const KINDS: [&str; 5] = ["apply", "read", "store", "sharing", "panic"];

fn kind(error: &ProjectorError) -> &'static str {
    let [apply, read, store, sharing, panic] = KINDS;
    match error {
        ProjectorError::Apply { .. } => apply,
        ProjectorError::Events(_) | ProjectorError::Read(_) => read,
        ProjectorError::Store(_) | ProjectorError::Builds(_) => store,
        ProjectorError::Sharing(_) => sharing,
        ProjectorError::Panicked { .. } | ProjectorError::Unwatched => panic,
    }
}

impl Measured for StateMetrics {
    fn register(&self, registry: &mut Registry) {
        let labels = vec![("store", self.store.clone()), ("version", self.version.to_string())];
        registry.register(
            "projection_build",
            "What keeps the projection's state, and which code builds it",
            Info::new(labels),
        );
        registry.register(
            "projection_position",
            "The sequence of the last event that is committed",
            self.position.clone(),
        );
        registry.register(
            "projection_build_live",
            "1 when the build that this process works on answers queries, 0 while it catches up beside another one",
            self.build_is_live.clone(),
        );
        registry.register(
            "projection_build_remaining_events",
            "Events that the build has yet to apply, at most, when that was last known",
            self.build_remaining.clone(),
        );
        registry.register(
            "projection_build_events_per_second",
            "How many sequences a second the build went on of late",
            self.build_rate.clone(),
        );
        registry.register(
            "projection_partitions",
            "How many partitions of the projection's state are here; 1 when it isn't divided",
            self.partitions.clone(),
        );
        registry.register(
            "projection_halted",
            "1 when the projection has halted and will not go on by itself",
            self.halted.clone(),
        );
        registry.register(
            "projection_failures",
            "How often the projection has halted, by reason",
            self.failures.clone(),
        );
    }
}
