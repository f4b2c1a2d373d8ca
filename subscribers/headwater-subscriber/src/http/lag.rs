use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use headwater_event::Domain;
use headwater_log::ReadError;
use headwater_log::service::report;
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::ReadyWithin;
use super::lag_metrics::{ByDomain, LagMetrics};

/// How far a projection or a reactor is behind each of its streams, as it was last known.
#[derive(Debug)]
pub(crate) struct Lag {
    known: Mutex<BTreeMap<Domain, Sample>>,
    metrics: LagMetrics,
}

/// How far it is behind one stream, now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Behind {
    /// How many events of the stream, at most, are yet to take effect.
    pub(crate) events: u64,
    /// How long the oldest of them has been there.
    pub(crate) age: Duration,
}

/// The lag behind a stream, in an answer.
#[derive(Debug, Serialize)]
pub(crate) struct LagAnswer {
    domain: String,
    events: u64,
    seconds: f64,
}

/// The lag at a moment.
#[derive(Debug)]
struct Sample {
    behind: Behind,
    taken: Instant,
}

/// Who can tell how far it is behind a stream.
pub(crate) trait Asks: Send {
    /// `None` while nobody can tell.
    fn behind(&mut self) -> impl Future<Output = Result<Option<Behind>, ReadError>> + Send;
}

/// How often the lag is asked for.
const INTERVAL: Duration = Duration::from_secs(1);

/// How long the log may take to say it.
const PATIENCE: Duration = Duration::from_secs(5);

impl Lag {
    /// Of a `projection`, or a `reactor`.
    pub(crate) fn of(kind: &'static str) -> Self {
        Self { known: Mutex::default(), metrics: LagMetrics::of(kind) }
    }

    pub(crate) fn metrics(&self) -> &LagMetrics {
        &self.metrics
    }

    /// As clients read it.
    pub(crate) fn answer(&self) -> Vec<LagAnswer> {
        let known = self.lock();
        let answers = known.iter().map(|(domain, sample)| LagAnswer {
            domain: domain.to_string(),
            events: sample.behind.events,
            seconds: sample.age_at_most().as_secs_f64(),
        });
        answers.collect()
    }

    /// Asks for the lag again and again.
    pub(crate) async fn watch(&self, domain: &Domain, mut asks: impl Asks) {
        let by_domain = ByDomain { domain: domain.to_string() };
        let metrics = &self.metrics;
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match timeout(PATIENCE, asks.behind()).await {
                Ok(Ok(Some(behind))) => {
                    self.lock().insert(domain.clone(), Sample { behind, taken: Instant::now() });
                    metrics.events.get_or_create(&by_domain).set(behind.events);
                    metrics.seconds.get_or_create(&by_domain).set(behind.age.as_secs_f64());
                    let now = Timestamp::now().as_duration().as_secs_f64();
                    metrics.known.get_or_create(&by_domain).set(now);
                }
                Ok(Ok(None)) => {}
                Ok(Err(error)) => {
                    metrics.failures.inc();
                    tracing::debug!(error = report(&error), "the lag isn't known");
                }
                Err(_) => {
                    metrics.failures.inc();
                    tracing::debug!("the lag isn't known, because the log doesn't answer");
                }
            }
        }
    }

    /// Nothing of it is here, so nothing is behind. It isn't known how far behind it will be when that changes.
    pub(crate) fn is_elsewhere(&self, domain: &Domain) {
        self.lock().remove(domain);
        let by_domain = ByDomain { domain: domain.to_string() };
        self.metrics.events.get_or_create(&by_domain).set(0);
        self.metrics.seconds.get_or_create(&by_domain).set(0.0);
    }

    /// Why it isn't as new as it must be; nothing when it is.
    pub(crate) fn reasons(&self, domain: &Domain, within: ReadyWithin) -> Vec<String> {
        let known = self.lock();
        let Some(sample) = known.get(domain) else {
            return vec![format!("{domain}: the lag isn't known yet")];
        };
        let mut reasons = Vec::new();
        if sample.behind.events > within.events {
            let (events, max) = (sample.behind.events, within.events);
            reasons.push(format!("{domain}: {events} events behind; ready is at most {max}"));
        }
        let age = sample.age_at_most();
        if age > within.age {
            let (age, max) = (age.as_secs_f64(), within.age);
            reasons.push(format!(
                "{domain}: {age:.1} s behind, or not known for so long; ready is at most {max:?}"
            ));
        }
        reasons
    }

    /// Why nobody can tell how far it is behind; nothing when somebody can.
    pub(crate) fn reasons_not_to_know(&self, domain: &Domain, within: ReadyWithin) -> Vec<String> {
        let known = self.lock();
        match known.get(domain).map(Sample::silent) {
            None => vec![format!("{domain}: the lag isn't known yet")],
            Some(silent) if silent > within.age => {
                let (silent, max) = (silent.as_secs_f64(), within.age);
                vec![format!("{domain}: the lag isn't known for {silent:.1} s; ready is at most {max:?}")]
            }
            Some(_) => Vec::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Domain, Sample>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Behind {
    /// Everything has taken effect.
    pub(crate) const NOTHING: Self = Self { events: 0, age: Duration::ZERO };
}

impl Sample {
    /// How far it may be behind by now: whatever has come since it was last known isn't known.
    fn age_at_most(&self) -> Duration {
        self.behind.age + self.silent()
    }

    /// How long nobody has been able to tell the lag.
    fn silent(&self) -> Duration {
        let since = self.taken.elapsed();
        if since > 3 * INTERVAL { since } else { Duration::ZERO }
    }
}
