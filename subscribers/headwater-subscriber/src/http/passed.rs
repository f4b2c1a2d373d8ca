use std::collections::BTreeMap;

use headwater_event::Domain;
use tokio::sync::watch;

use crate::Positions;

/// By stream, the events after the position that the projection doesn't want, as far as that was looked for. A projection's position is that of
/// an event which it applies, so it would never reach one of these; and yet it has all that there is up to it.
#[derive(Debug, Default)]
pub(super) struct PassedOver(watch::Sender<BTreeMap<Domain, Passed>>);

/// Nothing is wanted after `from`, up to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) from: u64,
    pub(super) to: u64,
}

impl PassedOver {
    pub(super) fn tell(&self, domain: &Domain, passed: Passed) {
        self.0.send_if_modified(|known| known.insert(domain.clone(), passed) != Some(passed));
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<BTreeMap<Domain, Passed>> {
        self.0.subscribe()
    }

    /// Whether a projection at these positions has all that it wants up to `wanted`.
    pub(super) fn reaches(&self, positions: &Positions, wanted: &Positions) -> bool {
        let known = self.0.borrow();
        wanted.iter().all(|(domain, sequence)| {
            let position = positions.of(domain.as_str());
            // What was found from a later position says nothing of one that has gone back.
            let passed = known.get(domain).filter(|passed| passed.from <= position);
            position >= sequence || passed.is_some_and(|passed| passed.to >= sequence)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(sequence: u64) -> Positions {
        [("orders".parse().unwrap(), sequence)].into_iter().collect()
    }

    #[test]
    fn what_nobody_wants_is_reached_with_what_is_before_it() {
        let over = PassedOver::default();
        assert!(over.reaches(&orders(5), &orders(5)) && !over.reaches(&orders(5), &orders(6)));
        over.tell(&"orders".parse().unwrap(), Passed { from: 5, to: 8 });
        assert!(over.reaches(&orders(5), &orders(8)) && !over.reaches(&orders(5), &orders(9)));
        // Another build, which is behind, has not got what this one had.
        assert!(!over.reaches(&orders(4), &orders(5)));
    }
}
