use std::time::Duration;

use headwater_log::WorkConfig;

/// How a reactor works.
#[derive(Debug, Clone)]
pub struct ReactorOptions {
    /// How many effects are under way at once, each of another key.
    pub concurrency: u16,
    /// How long one attempt may take.
    pub attempt_time_max: Duration,
    /// How often an effect is attempted before its key is parked.
    pub attempts_max: u32,
    /// How long to wait before the second attempt; the wait is doubled for each further one, and differs by up to half.
    pub backoff_first: Duration,
    /// The longest wait between two attempts.
    pub backoff_longest: Duration,
    /// After how many attempts in a row that found nobody the reactor pauses.
    pub unavailable_max: u32,
    /// After how many keys in a row whose attempt took too long the reactor pauses. One alone may be its event's fault.
    pub late_keys_max: u32,
    /// How long it pauses before it probes with one event; the pause is doubled for each probe that finds nobody.
    pub probe_first: Duration,
    /// The longest pause between two probes.
    pub probe_longest: Duration,
    /// How many events may be done that come after one that isn't. So many are known to be done only on this machine.
    pub ahead_max: usize,
    /// How often it looks what operators ask for.
    pub asks_every: Duration,
    /// How long what is under way may take when it is told to stop.
    pub stop_limit: Duration,
    /// How it works with the broker.
    pub work: WorkConfig,
}

impl Default for ReactorOptions {
    /// 32 at once, 30 s for an attempt, 5 attempts with 1 s to a minute between them; 10 that find nobody, or two keys that get no
    /// answer in time, then probes after 1 s to a minute.
    fn default() -> Self {
        Self {
            concurrency: 32,
            attempt_time_max: Duration::from_secs(30),
            attempts_max: 5,
            backoff_first: Duration::from_secs(1),
            backoff_longest: Duration::from_secs(60),
            unavailable_max: 10,
            late_keys_max: 2,
            probe_first: Duration::from_secs(1),
            probe_longest: Duration::from_secs(60),
            ahead_max: 10_000,
            asks_every: Duration::from_secs(1),
            stop_limit: Duration::from_secs(10),
            work: WorkConfig::default(),
        }
    }
}

impl ReactorOptions {
    /// How long to wait after so many failures in a row, from 1.
    pub(super) fn backoff(&self, failures: u32) -> Duration {
        jittered(doubled(self.backoff_first, failures, self.backoff_longest))
    }
}

/// `first`, doubled with each failure after the first one, up to `longest`.
pub(super) fn doubled(first: Duration, failures: u32, longest: Duration) -> Duration {
    first.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX)).min(longest)
}

/// Between half and one and a half of it. The clock's low digits are random enough to keep keys from being tried again in step.
pub(super) fn jittered(delay: Duration) -> Duration {
    let nanos = jiff::Timestamp::now().subsec_nanosecond().unsigned_abs();
    delay.mul_f64(0.5 + f64::from(nanos / 100 % 1000) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_doubled_up_to_the_longest_and_differ_by_up_to_half() {
        let (first, longest) = (Duration::from_secs(1), Duration::from_secs(60));
        let waits = [1, 2, 3, 6, 7, 40].map(|failures| doubled(first, failures, longest).as_secs());
        assert_eq!(waits, [1, 2, 4, 32, 60, 60]);
        for _ in 0..1000 {
            let wait = jittered(first);
            assert!(wait >= first / 2 && wait <= first * 3 / 2, "{wait:?}");
        }
    }
}
