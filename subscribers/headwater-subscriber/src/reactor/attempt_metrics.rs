use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::metrics::Measured;

/// What is measured of attempts. Cloning yields another handle.
#[derive(Debug, Clone)]
pub(super) struct AttemptMetrics {
    failures: Family<ByKind, Counter>,
    duration: Family<ByOutcome, Histogram, fn() -> Histogram>,
}

/// What has become of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Failed,
    TimedOut,
    Panicked,
    Refused,
    Undecodable,
    Unavailable,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByKind {
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ByOutcome {
    outcome: &'static str,
}

impl Default for AttemptMetrics {
    fn default() -> Self {
        let metrics = Self {
            failures: Family::default(),
            // From 1 ms, what a call in the same rack takes, to 33 s, more than an attempt has by default.
            duration: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 16))),
        };
        // So that the first one is a rise, and not a new figure.
        for failure in Outcome::FAILURES {
            metrics.failures(failure);
        }
        let _ = metrics.duration.get_or_create(&ByOutcome { outcome: Outcome::Done.name() });
        metrics
    }
}

impl AttemptMetrics {
    pub(super) fn attempted(&self, outcome: Outcome, took: Duration) {
        if outcome != Outcome::Done {
            self.failures.get_or_create(&ByKind { kind: outcome.name() }).inc();
        }
        let by_outcome = ByOutcome { outcome: outcome.name() };
        self.duration.get_or_create(&by_outcome).observe(took.as_secs_f64());
    }

    /// How many attempts have ended so.
    pub(super) fn failures(&self, outcome: Outcome) -> u64 {
        self.failures.get_or_create(&ByKind { kind: outcome.name() }).get()
    }
}

impl Measured for AttemptMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register(
            "reactor_attempt_failures",
            "Attempts whose effect wasn't done, by what went wrong",
            self.failures.clone(),
        );
        registry.register_with_unit(
            "reactor_attempt_duration",
            "How long attempts took, by what has become of them",
            Unit::Seconds,
            self.duration.clone(),
        );
    }
}

impl Outcome {
    /// All but [`Done`](Self::Done).
    pub(super) const FAILURES: [Self; 6] =
        [Self::Failed, Self::TimedOut, Self::Panicked, Self::Refused, Self::Undecodable, Self::Unavailable];

    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Panicked => "panicked",
            Self::Refused => "refused",
            Self::Undecodable => "undecodable",
            Self::Unavailable => "unavailable",
        }
    }
}
