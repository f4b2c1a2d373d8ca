use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;
use serde::Serialize;

use super::attempt_metrics::{AttemptMetrics, Outcome};
use crate::metrics::Measured;

/// What a reactor is doing, for whoever shows it. Clones show the same reactor.
#[derive(Debug, Clone, Default)]
pub struct ReactorStatus(Arc<Numbers>);

#[derive(Debug, Default)]
struct Numbers {
    active: AtomicBool,
    handled: Counter,
    redriven: Counter,
    parked: Counter,
    discarded: Counter,
    repeated: Counter,
    breaker_openings: Counter,
    attempts: AttemptMetrics,
    parked_keys: AtomicU64,
    letters: AtomicU64,
    in_hand: AtomicU64,
    done_up_to: AtomicU64,
    told: Mutex<Told>,
}

#[derive(Debug, Default)]
struct Told {
    breaker: BreakerState,
    last_error: Option<(String, Timestamp)>,
}

/// A moment of it. Counters begin with the process. While it isn't the active instance it knows nothing of what is now: then
/// there are no keys, letters or events in hand, and the breaker is closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReactorHealth {
    /// Whether this instance is the active one.
    pub active: bool,
    /// How many events' effects were done.
    pub handled: u64,
    /// How many of them were parked before.
    pub redriven: u64,
    /// How many attempts have failed.
    pub failed_attempts: u64,
    /// How many attempts found nobody.
    pub unavailable_attempts: u64,
    /// How many letters were written.
    pub parked: u64,
    /// How many letters were dropped by operators.
    pub discarded: u64,
    /// How many events came again after their effect was done, and were passed over.
    pub repeated: u64,
    /// How many keys are parked now.
    pub parked_keys: u64,
    /// How many letters there are now.
    pub letters: u64,
    /// How many events are in hand now.
    pub in_hand: u64,
    /// Up to which sequence everything is done or parked.
    pub done_up_to: u64,
    /// Whether attempts are made.
    pub breaker: BreakerState,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Timestamp>,
}

/// Whether a reactor makes attempts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// It does.
    #[default]
    Closed,
    /// It pauses, because what its effects need doesn't answer.
    Open,
    /// It makes one, to see whether that answers again.
    HalfOpen,
}

impl ReactorStatus {
    /// What it is doing now.
    #[must_use]
    pub fn health(&self) -> ReactorHealth {
        let numbers = &self.0;
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let failures = |outcome: Outcome| numbers.attempts.failures(outcome);
        let failed = Outcome::FAILURES.into_iter().filter(|outcome| *outcome != Outcome::Unavailable);
        let active = numbers.active.load(Ordering::Relaxed);
        let now = |number: &AtomicU64| if active { read(number) } else { 0 };
        let told = numbers.told.lock().unwrap_or_else(PoisonError::into_inner);
        ReactorHealth {
            active,
            handled: numbers.handled.get(),
            redriven: numbers.redriven.get(),
            failed_attempts: failed.map(failures).sum(),
            unavailable_attempts: failures(Outcome::Unavailable),
            parked: numbers.parked.get(),
            discarded: numbers.discarded.get(),
            repeated: numbers.repeated.get(),
            parked_keys: now(&numbers.parked_keys),
            letters: now(&numbers.letters),
            in_hand: now(&numbers.in_hand),
            done_up_to: read(&numbers.done_up_to),
            breaker: if active { told.breaker } else { BreakerState::default() },
            last_error: told.last_error.as_ref().map(|(error, _)| error.clone()),
            last_error_at: told.last_error.as_ref().map(|(_, at)| *at),
        }
    }

    pub(super) fn active(&self, active: bool) {
        self.0.active.store(active, Ordering::Relaxed);
    }

    pub(super) fn handled(&self) {
        self.0.handled.inc();
    }

    pub(super) fn redriven(&self) {
        self.0.redriven.inc();
    }

    pub(super) fn repeated(&self) {
        self.0.repeated.inc();
    }

    pub(super) fn wrote_letter(&self) {
        self.0.parked.inc();
    }

    pub(super) fn dropped_letter(&self) {
        self.0.discarded.inc();
    }

    pub(super) fn parked(&self, keys: usize, letters: usize) {
        self.0.parked_keys.store(keys as u64, Ordering::Relaxed);
        self.0.letters.store(letters as u64, Ordering::Relaxed);
    }

    pub(super) fn in_hand(&self, events: usize) {
        self.0.in_hand.store(events as u64, Ordering::Relaxed);
    }

    pub(super) fn done_up_to(&self, sequence: u64) {
        self.0.done_up_to.fetch_max(sequence, Ordering::Relaxed);
    }

    pub(super) fn attempted(&self, outcome: Outcome, took: Duration) {
        self.0.attempts.attempted(outcome, took);
    }

    pub(super) fn error(&self, error: &str) {
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.last_error = Some((error.to_owned(), Timestamp::now()));
    }

    pub(super) fn breaker(&self, state: BreakerState) {
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut told.breaker, state);
        if (before, state) == (BreakerState::Closed, BreakerState::Open) {
            self.0.breaker_openings.inc();
        }
    }
}

impl Measured for ReactorStatus {
    fn register(&self, registry: &mut Registry) {
        let Numbers { handled, redriven, parked, discarded, repeated, breaker_openings, attempts, .. } =
            &*self.0;
        for (name, help, counter) in [
            ("events_handled", "Events whose effect this process has had done", handled),
            ("events_redriven", "Of these, events that were parked before", redriven),
            (
                "events_repeated",
                "Events that came again after they were done, and were passed over",
                repeated,
            ),
            ("letters_written", "Dead letters that this process has written", parked),
            ("letters_discarded", "Dead letters that operators have dropped", discarded),
            ("breaker_openings", "How often the circuit breaker has opened", breaker_openings),
        ] {
            registry.register(format!("reactor_{name}"), help, counter.clone());
        }
        attempts.register(registry);
    }
}

impl BreakerState {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}
