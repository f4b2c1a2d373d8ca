use std::fmt;
use std::time::Duration;

/// The rates, or the times, of several rounds.
pub(crate) struct Rounds(Vec<f64>);

impl Rounds {
    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn add(&mut self, rate: f64) {
        self.0.push(rate);
    }

    pub(crate) fn ratio(&self, baseline: &Self) -> f64 {
        self.sorted()[self.0.len() / 2] / baseline.sorted()[baseline.0.len() / 2]
    }

    fn sorted(&self) -> Vec<f64> {
        let mut rates = self.0.clone();
        rates.sort_by(f64::total_cmp);
        rates
    }
}

impl fmt::Display for Rounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rates = self.sorted();
        write!(f, "{:>8.0} (from {:.0} to {:.0})", rates[rates.len() / 2], rates[0], rates[rates.len() - 1])
    }
}

#[allow(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
pub(crate) fn per_second(events: u64, elapsed: Duration) -> f64 {
    events as f64 / elapsed.as_secs_f64()
}

#[allow(clippy::cast_precision_loss, reason = "a time needs no more digits")]
pub(crate) fn nanoseconds(elapsed: Duration, times: u32) -> f64 {
    elapsed.as_nanos() as f64 / f64::from(times)
}
