use std::num::NonZeroUsize;
use std::time::Duration;

/// How hard a command is tried, and what is kept in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// How often a command is decided, when other writers are first each time.
    pub attempts_max: NonZeroUsize,
    /// How long a command may take in all, with every load, append and retry.
    pub time_max: Duration,
    /// How many aggregates are kept in memory, those that were used last.
    pub cached_max: NonZeroUsize,
}

const fn non_zero(number: usize) -> NonZeroUsize {
    NonZeroUsize::MIN.saturating_add(number - 1)
}

impl Default for Limits {
    /// Ten attempts, a minute, 16,384 aggregates.
    fn default() -> Self {
        Self {
            attempts_max: non_zero(10),
            time_max: Duration::from_secs(60),
            cached_max: non_zero(16 * 1024),
        }
    }
}

impl Limits {
    /// The same with another number of attempts; at least one.
    #[must_use]
    pub fn attempts(self, max: usize) -> Self {
        Self { attempts_max: non_zero(max.max(1)), ..self }
    }

    /// The same with another time for a command in all.
    #[must_use]
    pub fn time(self, max: Duration) -> Self {
        Self { time_max: max, ..self }
    }

    /// The same with another number of aggregates in memory; at least one.
    #[must_use]
    pub fn cached(self, max: usize) -> Self {
        Self { cached_max: non_zero(max.max(1)), ..self }
    }
}
