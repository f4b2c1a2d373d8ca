use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::status::{BreakerState, ReactorHealth, ReactorStatus};
use crate::metrics::Measured;

/// What a reactor is doing, as figures.
#[derive(Debug, Clone)]
pub(super) struct ReactorMetrics {
    status: ReactorStatus,
    version: u32,
    active: Gauge,
    breaker: Family<ByState, Gauge>,
    parked_keys: Gauge<u64, AtomicU64>,
    letters: Gauge<u64, AtomicU64>,
    in_hand: Gauge<u64, AtomicU64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByState {
    state: &'static str,
}

impl ReactorMetrics {
    pub(super) fn new(status: ReactorStatus, version: u32) -> Self {
        Self {
            status,
            version,
            active: Gauge::default(),
            breaker: Family::default(),
            parked_keys: Gauge::default(),
            letters: Gauge::default(),
            in_hand: Gauge::default(),
        }
    }

    /// Takes over how it is now. What only ever rises is the status's own.
    pub(super) fn refresh(&self) {
        let ReactorHealth { active, breaker, parked_keys, letters, in_hand, .. } = self.status.health();
        self.active.set(active.into());
        for state in [BreakerState::Closed, BreakerState::HalfOpen, BreakerState::Open] {
            let by_state = ByState { state: state.name() };
            self.breaker.get_or_create(&by_state).set((state == breaker).into());
        }
        self.parked_keys.set(parked_keys);
        self.letters.set(letters);
        self.in_hand.set(in_hand);
    }
}

impl Measured for ReactorMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "reactor_build",
            "Which code handles the events",
            Info::new(vec![("version", self.version.to_string())]),
        );
        registry.register(
            "reactor_active",
            "1 when this instance is the active one, 0 while it stands by",
            self.active.clone(),
        );
        registry.register(
            "reactor_breaker_state",
            "1 for the state that the circuit breaker is in, 0 for the others",
            self.breaker.clone(),
        );
        registry.register("reactor_parked_keys", "Keys that are parked", self.parked_keys.clone());
        registry.register("reactor_letters", "Dead letters that are kept", self.letters.clone());
        registry.register(
            "reactor_in_hand_events",
            "Events that are handed out and not done yet",
            self.in_hand.clone(),
        );
        self.status.register(registry);
    }
}
