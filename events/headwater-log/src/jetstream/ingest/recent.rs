use std::collections::HashSet;
use std::mem;

use headwater_event::Fingerprint;

/// The events that a load was given lately, to tell one that comes again. It holds at least the last million, and
/// at most two.
#[derive(Debug, Default)]
pub(super) struct Recent {
    young: HashSet<Fingerprint>,
    old: HashSet<Fingerprint>,
}

impl Recent {
    const YOUNG_MAX: usize = 1_000_000;

    /// Remembers an event; false when it was there.
    pub(super) fn insert(&mut self, event: Fingerprint) -> bool {
        if self.young.len() >= Self::YOUNG_MAX {
            self.old = mem::take(&mut self.young);
        }
        !self.old.contains(&event) && self.young.insert(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: usize) -> Fingerprint {
        Fingerprint::new("/recent", &number.to_string())
    }

    #[test]
    fn tells_an_event_that_comes_again() {
        let mut recent = Recent::default();
        assert!(recent.insert(event(1)) && recent.insert(event(2)));
        assert!(!recent.insert(event(1)));
    }

    #[test]
    fn remembers_the_last_million_and_forgets_what_was_long_before() {
        let mut recent = Recent::default();
        for number in 0..=2 * Recent::YOUNG_MAX {
            assert!(recent.insert(event(number)));
        }
        assert!(!recent.insert(event(Recent::YOUNG_MAX)), "a million ago");
        assert!(recent.insert(event(0)), "two million ago");
    }
}
