use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Limits how many events a second are taken.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Between two events; none means no limit.
    step: Option<Duration>,
    /// When the next event may be taken.
    due: Instant,
}

/// What wasn't taken for this long is lost: a limit is no average over the whole run. It is also what makes up for
/// timers, which aren't exact.
const BURST: Duration = Duration::from_millis(20);

impl Pace {
    pub(crate) fn new(events_per_s: Option<NonZeroU32>) -> Self {
        let step = events_per_s.map(|events| Duration::from_secs(1) / events.get());
        Self { step, due: Instant::now() }
    }

    /// How many events may be taken at once, at most `max`.
    pub(crate) fn at_once(&self, max: usize) -> usize {
        let Some(step) = self.step else { return max };
        let events = BURST.as_nanos() / step.as_nanos().max(1);
        usize::try_from(events).unwrap_or(max).clamp(1, max)
    }

    /// Waits until so many more events may be taken.
    pub(crate) async fn take(&mut self, events: usize) {
        let Some(step) = self.step else { return };
        let now = Instant::now();
        let steps = step.saturating_mul(u32::try_from(events).unwrap_or(u32::MAX));
        self.due = self.due.max(now - BURST) + steps;
        if self.due > now {
            sleep_until(self.due).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn takes_as_many_a_second_as_it_is_told() {
        let mut pace = Pace::new(NonZeroU32::new(500));
        let begun = Instant::now();
        for _ in 0..1000 {
            pace.take(1).await;
        }
        let took = begun.elapsed();
        assert!((Duration::from_millis(1900)..Duration::from_millis(2100)).contains(&took), "{took:?}");

        // What was not used is not made up for.
        tokio::time::sleep(Duration::from_secs(60)).await;
        let begun = Instant::now();
        for _ in 0..50 {
            let events = pace.at_once(256);
            assert_eq!(events, 10);
            pace.take(events).await;
        }
        assert!(begun.elapsed() > Duration::from_millis(900), "{:?}", begun.elapsed());
    }
}
