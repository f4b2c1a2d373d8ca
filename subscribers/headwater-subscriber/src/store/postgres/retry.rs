use std::time::{Duration, Instant};

use tokio::time::sleep;

/// When something is tried again: after pauses that double, until the patience is at its end.
pub(super) struct Retry {
    begun: Instant,
    patience: Duration,
    pause: Duration,
}

const PAUSE_MIN: Duration = Duration::from_millis(20);
const PAUSE_MAX: Duration = Duration::from_secs(1);

impl Retry {
    pub(super) fn within(patience: Duration) -> Self {
        Self { begun: Instant::now(), patience, pause: PAUSE_MIN }
    }

    /// Waits a little; false when the patience is at its end.
    pub(super) async fn pause(&mut self) -> bool {
        let left = self.patience.saturating_sub(self.begun.elapsed());
        if left.is_zero() {
            return false;
        }
        sleep(self.pause.min(left)).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        true
    }

    pub(super) fn waited(&self) -> Duration {
        self.begun.elapsed()
    }
}
