use std::time::{Duration, Instant};

use tokio::time::{sleep, timeout};

/// How long anything may take that must happen, on a busy machine; nothing waits for it when all is well.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Waits for what must happen.
///
/// # Panics
///
/// When it doesn't happen in time.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("it doesn't happen that {what}"))
}

/// Waits until `condition` holds, and tells how long it took.
///
/// # Panics
///
/// When it doesn't hold in time.
pub async fn eventually<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) -> Duration {
    let begun = Instant::now();
    soon(what, async {
        while !condition().await {
            sleep(LOOK_EVERY).await;
        }
    })
    .await;
    begun.elapsed()
}
