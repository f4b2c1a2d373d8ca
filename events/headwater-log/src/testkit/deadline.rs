use std::time::{Duration, Instant};

/// How often a condition is looked at while it is waited for.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A limit on how long a condition is waited for.
pub(super) struct Deadline {
    start: Instant,
    limit: Duration,
}

impl Deadline {
    pub(super) fn after(limit: Duration) -> Self {
        Self { start: Instant::now(), limit }
    }

    /// Pauses before the next look; `false` when the time is up.
    pub(super) async fn pause(&self) -> bool {
        tokio::time::sleep(LOOK_EVERY).await;
        !self.is_over()
    }

    /// [`Self::pause`] for code that runs on a blocking thread.
    pub(super) fn pause_blocking(&self) -> bool {
        std::thread::sleep(LOOK_EVERY);
        !self.is_over()
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    fn is_over(&self) -> bool {
        self.start.elapsed() >= self.limit
    }
}
