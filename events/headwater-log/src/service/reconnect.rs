use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(4);

/// How long to wait before the given attempt to connect, counted from 1.
///
/// The first attempt goes at once. Later ones wait for a random half to whole of a doubling time, so that the clients
/// of a server that comes back don't all come in the same moment.
pub(super) fn delay(attempt: usize) -> Duration {
    if attempt <= 1 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(attempt - 2).unwrap_or(u32::MAX).min(16);
    let longest = (FIRST * 2_u32.pow(doublings)).min(LONGEST);
    longest / 2 + longest.mul_f64(random_fraction() / 2.0)
}

/// From 0 to 1; every new hasher of the standard library has its own random key.
fn random_fraction() -> f64 {
    let random = RandomState::new().build_hasher().finish();
    f64::from(u32::try_from(random >> 32).unwrap_or(u32::MAX)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_at_once_the_first_time() {
        assert_eq!(delay(1), Duration::ZERO);
    }

    #[test]
    fn waits_longer_and_longer_up_to_a_limit() {
        for _ in 0..100 {
            assert!((FIRST / 2..=FIRST).contains(&delay(2)));
            assert!((FIRST..=FIRST * 2).contains(&delay(3)));
            assert!((LONGEST / 2..=LONGEST).contains(&delay(1_000_000)));
        }
    }

    #[test]
    fn spreads_the_clients() {
        let delays: std::collections::HashSet<_> = (0..20).map(|_| delay(50)).collect();
        assert!(delays.len() > 10, "{delays:?}");
    }
}
