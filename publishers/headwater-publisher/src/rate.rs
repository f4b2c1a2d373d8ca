use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How many commands a second may begin, shared by all clones; or no limit.
#[derive(Debug, Clone, Default)]
pub struct Rate {
    limit: Option<Limit>,
}

#[derive(Debug, Clone)]
struct Limit {
    interval: Duration,
    next: Arc<Mutex<Instant>>,
}

/// How late a turn may be taken and still not be lost. Timers are late by a millisecond, in which a thousand
/// turns may have been; and a log that hesitates for a moment must not make a feed slower than it should be.
const LATE_MAX: Duration = Duration::from_millis(100);

/// The longest time between two commands, so that no rate is an overflow.
const INTERVAL_MAX: Duration = Duration::from_secs(24 * 60 * 60);

impl Rate {
    /// `events_per_s` commands a second, evenly; without a number, as many as can be. What is no rate, or
    /// less than one a day, is one a day.
    #[must_use]
    pub fn new(events_per_s: Option<f64>) -> Self {
        let interval = |rate: f64| {
            Duration::try_from_secs_f64(rate.recip())
                .map_or(INTERVAL_MAX, |interval| interval.min(INTERVAL_MAX))
        };
        let limit = events_per_s
            .map(|rate| Limit { interval: interval(rate), next: Arc::new(Mutex::new(Instant::now())) });
        Self { limit }
    }

    /// Waits for the next command's turn. Turns that were missed by far are not made up for.
    pub(crate) async fn turn(&self) {
        let Some(Limit { interval, next }) = &self.limit else { return };
        let turn = {
            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let turn = if *next + LATE_MAX < now { now } else { *next };
            *next = turn + *interval;
            turn
        };
        sleep_until(turn).await;
    }
}

/// Reads the value of a `--rate` flag, in events a second.
///
/// # Errors
///
/// A sentence for the person who gave the flag.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("{text:?} is not a number of events a second"))?;
    if rate.is_finite() && (0.001..=1e9).contains(&rate) {
        Ok(rate)
    } else {
        Err("a rate is between 0.001 and 1000000000 events a second; leave it out for no limit".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    /// How long so many turns take, by a clock that moves only when everybody waits for it.
    async fn time_of(rate: &Rate, turns: u32) -> Duration {
        let begin = Instant::now();
        for _ in 0..turns {
            rate.turn().await;
        }
        begin.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn turns_are_evenly_apart() {
        let rate = Rate::new(Some(4.0));
        assert_eq!(time_of(&rate, 1).await, Duration::ZERO);
        for _ in 0..10 {
            assert_eq!(time_of(&rate, 1).await, Duration::from_millis(250));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_that_no_timer_can_tick_at_is_kept_all_the_same() {
        for events_per_s in [3_000, 100_000, 1_000_000] {
            let time = time_of(&Rate::new(Some(f64::from(events_per_s))), events_per_s).await;
            let second = Duration::from_millis(995)..Duration::from_millis(1005);
            assert!(second.contains(&time), "{time:?} for a second's turns at {events_per_s}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_is_a_little_late_catches_up() {
        let rate = Rate::new(Some(100.0));
        rate.turn().await;
        advance(Duration::from_millis(80)).await;
        assert_eq!(time_of(&rate, 8).await, Duration::ZERO);
        assert_eq!(time_of(&rate, 1).await, Duration::from_millis(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_was_idle_does_not() {
        let rate = Rate::new(Some(100.0));
        rate.turn().await;
        advance(Duration::from_secs(60)).await;
        assert_eq!(time_of(&rate, 11).await, Duration::from_millis(100));
    }

    #[tokio::test(start_paused = true)]
    async fn clones_share_the_turns() {
        let rate = Rate::new(Some(10.0));
        let clone = rate.clone();
        let begin = Instant::now();
        tokio::join!(time_of(&rate, 10), time_of(&clone, 11));
        assert_eq!(begin.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_nobody_waits() {
        assert_eq!(time_of(&Rate::new(None), 1_000).await, Duration::ZERO);
        assert_eq!(time_of(&Rate::default(), 1_000).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_rate_is_a_slow_one() {
        for rate in [0.0, -1.0, f64::NAN, f64::MIN_POSITIVE] {
            assert_eq!(time_of(&Rate::new(Some(rate)), 2).await, INTERVAL_MAX, "{rate}");
        }
        assert_eq!(time_of(&Rate::new(Some(f64::INFINITY)), 100).await, Duration::ZERO);
    }

    #[test]
    fn a_flag_is_a_number_that_makes_sense() {
        assert_eq!(parse_rate("0.001"), Ok(0.001));
        assert_eq!(parse_rate("1e9"), Ok(1e9));
        for text in ["", "fast", "0", "-1", "NaN", "inf", "1e10", "1/s"] {
            assert!(parse_rate(text).is_err(), "{text:?}");
        }
    }
}
