use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Exponential backoff up to a deadline: 10 ms, doubled up to a second, each with jitter.
///
/// The jitter is taken from the clock's low digits, which is random enough to keep writers from
/// retrying in step.
#[derive(Debug)]
pub struct Backoff {
    deadline: Instant,
    delay: Duration,
}

impl Backoff {
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_secs(1);

    /// Attempts that end when `limit` is over.
    #[must_use]
    pub fn within(limit: Duration) -> Self {
        Self::until(Instant::now() + limit)
    }

    /// Attempts that end at `deadline`.
    #[must_use]
    pub fn until(deadline: Instant) -> Self {
        Self { deadline, delay: Self::FIRST }
    }

    /// Waits before the next attempt; false when there is no time for one.
    pub async fn wait(&mut self) -> bool {
        let nanos = jiff::Timestamp::now().subsec_nanosecond().unsigned_abs();
        let jittered = self.delay.mul_f64(0.5 + f64::from(nanos / 1000 % 1000) / 1000.0);
        let next = Instant::now() + jittered;
        if next >= self.deadline {
            return false;
        }
        self.delay = (self.delay * 2).min(Self::LONGEST);
        sleep_until(next).await;
        true
    }
}

impl Default for Backoff {
    /// Attempts for half a minute.
    fn default() -> Self {
        Self::within(Duration::from_secs(30))
    }
}
