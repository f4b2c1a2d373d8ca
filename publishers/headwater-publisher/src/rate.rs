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

impl Rate {
    /// `events_per_s` commands a second, evenly; without a number, as many as can be.
    #[must_use]
    pub fn new(events_per_s: Option<f64>) -> Self {
        let limit = events_per_s.map(|rate| Limit {
            interval: Duration::from_secs_f64(rate.recip()),
            next: Arc::new(Mutex::new(Instant::now())),
        });
        Self { limit }
    }

    /// Waits for the next command's turn. Turns that were missed are not made up for.
    pub(crate) async fn turn(&self) {
        let Some(Limit { interval, next }) = &self.limit else { return };
        let turn = {
            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = *next;
            *next = turn.max(Instant::now() - *interval) + *interval;
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
