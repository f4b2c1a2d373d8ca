use std::collections::{HashMap, VecDeque};

/// An append that waits in the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) position: i64,
    pub(crate) aggregate: String,
    /// A JSON array of structured CloudEvents.
    pub(crate) events: String,
}

/// The domain of an aggregate, which the outbox names by its filter: `evt.<domain>.<aggregate>.*.<id>`.
pub(crate) fn domain(aggregate: &str) -> &str {
    aggregate.split('.').nth(1).unwrap_or_default()
}

/// What the relay has read and not yet deleted. Of each aggregate, one append is under way at a time.
#[derive(Debug, Default)]
pub(crate) struct InHand {
    lanes: HashMap<String, Lane>,
    /// Of all that is in hand, with its domain.
    positions: HashMap<i64, String>,
}

/// The appends of one aggregate behind the one that is under way.
#[derive(Debug)]
struct Lane {
    under_way: i64,
    behind: VecDeque<Waiting>,
}

impl InHand {
    /// Takes an append, and gives it back if it is its aggregate's turn.
    pub(crate) fn take(&mut self, waiting: Waiting) -> Option<Waiting> {
        self.positions.insert(waiting.position, domain(&waiting.aggregate).to_owned());
        if let Some(lane) = self.lanes.get_mut(&waiting.aggregate) {
            lane.behind.push_back(waiting);
            return None;
        }
        let lane = Lane { under_way: waiting.position, behind: VecDeque::new() };
        self.lanes.insert(waiting.aggregate.clone(), lane);
        Some(waiting)
    }

    /// Ends the append that is under way for the aggregate, and gives the next one.
    pub(crate) fn next(&mut self, aggregate: &str) -> Option<Waiting> {
        let next = self.lanes.get_mut(aggregate).and_then(|lane| {
            let next = lane.behind.pop_front()?;
            lane.under_way = next.position;
            Some(next)
        });
        if next.is_none() {
            self.lanes.remove(aggregate);
        }
        next
    }

    /// Lets go of an aggregate: all that waits for it is left to the outbox.
    pub(crate) fn abandon(&mut self, aggregate: &str) {
        if let Some(lane) = self.lanes.remove(aggregate) {
            self.positions.remove(&lane.under_way);
            for waiting in lane.behind {
                self.positions.remove(&waiting.position);
            }
        }
    }

    /// Lets go of an append that was deleted.
    pub(crate) fn deleted(&mut self, position: i64) {
        self.positions.remove(&position);
    }

    /// The positions of all that is in hand, those that are stored and not yet deleted included.
    pub(crate) fn positions(&self) -> Vec<i64> {
        self.positions.keys().copied().collect()
    }

    /// How much is in hand for other domains than these.
    pub(crate) fn len_without(&self, domains: &[String]) -> usize {
        self.positions.values().filter(|domain| !domains.contains(domain)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(position: i64, aggregate: &str) -> Waiting {
        Waiting { position, aggregate: aggregate.to_owned(), events: String::new() }
    }

    #[test]
    fn an_aggregate_has_one_append_under_way_and_the_others_in_order_behind_it() {
        let mut in_hand = InHand::default();
        assert_eq!(in_hand.take(waiting(1, "a")).map(|next| next.position), Some(1));
        assert!(in_hand.take(waiting(2, "a")).is_none());
        assert!(in_hand.take(waiting(4, "a")).is_none());
        assert_eq!(in_hand.take(waiting(3, "b")).map(|next| next.position), Some(3));
        assert_eq!(in_hand.next("a").map(|next| next.position), Some(2));
        assert_eq!(in_hand.next("a").map(|next| next.position), Some(4));
        assert!(in_hand.next("a").is_none());
        assert_eq!(in_hand.take(waiting(5, "a")).map(|next| next.position), Some(5));
    }

    #[test]
    fn what_is_stored_stays_in_hand_until_it_is_deleted() {
        let mut in_hand = InHand::default();
        in_hand.take(waiting(1, "a"));
        in_hand.next("a");
        assert_eq!(in_hand.positions(), [1]);
        in_hand.deleted(1);
        assert_eq!(in_hand.len_without(&[]), 0);
    }

    #[test]
    fn what_is_in_hand_is_counted_by_domain() {
        let mut in_hand = InHand::default();
        for (position, aggregate) in
            [(1, "evt.bank.account.*.a"), (2, "evt.shop.order.*.bank"), (3, "evt.bank.account.*.a")]
        {
            in_hand.take(waiting(position, aggregate));
        }
        assert_eq!((in_hand.len_without(&[]), in_hand.len_without(&["bank".to_owned()])), (3, 1));
    }

    #[test]
    fn an_abandoned_aggregate_leaves_nothing_in_hand_but_what_was_stored_before() {
        let mut in_hand = InHand::default();
        for position in 1..=3 {
            in_hand.take(waiting(position, "a"));
        }
        in_hand.next("a");
        in_hand.abandon("a");
        assert_eq!(in_hand.positions(), [1]);
    }
}
