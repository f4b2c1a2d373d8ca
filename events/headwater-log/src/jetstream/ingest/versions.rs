use std::collections::HashMap;

use headwater_event::Aggregate;

/// The versions of the aggregates that a load has written to: what the guards of their next events expect.
#[derive(Debug, Default)]
pub(super) struct Versions {
    /// The sequence of each aggregate's last event, as the log says.
    settled: HashMap<Aggregate, u64>,
    /// The number that its last event has in the batch that is under way.
    in_batch: HashMap<Aggregate, u64>,
}

impl Versions {
    /// The version of an aggregate, if the load knows it, when a batch that is alone in the stream began after
    /// the sequence `base`. Another writer's event in between makes the truth higher, never lower, so a guard
    /// with a wrong version is refused.
    pub(super) fn get(&self, aggregate: &Aggregate, base: u64) -> Option<u64> {
        let in_batch = self.in_batch.get(aggregate).map(|number| base + number);
        in_batch.or_else(|| self.settled.get(aggregate).copied())
    }

    /// The number of the aggregate's last event in the batch that is under way.
    pub(super) fn number_in_batch(&self, aggregate: &Aggregate) -> Option<u64> {
        self.in_batch.get(aggregate).copied()
    }

    pub(super) fn sent(&mut self, aggregate: Aggregate, number: u64) {
        self.in_batch.insert(aggregate, number);
    }

    pub(super) fn settle(&mut self, aggregate: Aggregate, sequence: u64) {
        self.settled.insert(aggregate, sequence);
    }

    /// There is no batch any more, and what was sent in it counts for nothing that isn't settled.
    pub(super) fn end_batch(&mut self) {
        self.in_batch.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aggregate() -> Aggregate {
        Aggregate::new("orders".parse().unwrap(), "order", "7").unwrap()
    }

    #[test]
    fn a_version_in_the_batch_goes_before_a_settled_one() {
        let mut versions = Versions::default();
        assert_eq!(versions.get(&aggregate(), 100), None);
        versions.settle(aggregate(), 90);
        assert_eq!(versions.get(&aggregate(), 100), Some(90));
        versions.sent(aggregate(), 3);
        assert_eq!(versions.get(&aggregate(), 100), Some(103));
    }

    #[test]
    fn a_batch_that_is_over_leaves_what_is_settled() {
        let mut versions = Versions::default();
        versions.settle(aggregate(), 90);
        versions.sent(aggregate(), 3);
        versions.end_batch();
        assert_eq!(versions.get(&aggregate(), 100), Some(90));
    }
}
