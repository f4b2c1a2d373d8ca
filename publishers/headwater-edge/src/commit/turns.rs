use super::histories::Histories;
use super::turn::Turn;

/// The aggregates of one request, all of whose turn it is.
///
/// What their histories have grown to is noted however the request ends: one whose client goes away is dropped in the middle, and
/// what it has read stays in memory.
#[derive(Debug)]
pub(super) struct Turns<'a> {
    histories: &'a Histories,
    turns: Vec<Turn>,
}

impl<'a> Turns<'a> {
    pub(super) fn new(histories: &'a Histories, turns: Vec<Turn>) -> Self {
        Self { histories, turns }
    }

    pub(super) fn as_mut(&mut self) -> &mut [Turn] {
        &mut self.turns
    }
}

impl Drop for Turns<'_> {
    fn drop(&mut self) {
        for turn in &self.turns {
            self.histories.weigh(turn.aggregate(), turn.history.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use headwater_event::{Aggregate, Envelope};

    use super::super::group::Group;
    use super::*;

    #[test]
    fn what_a_dropped_request_has_read_counts() {
        let histories = Histories::new(100);
        let aggregate = Aggregate::new("orders".parse().unwrap(), "order", "7").unwrap();
        let history = histories.of(&aggregate).try_lock_owned().unwrap();
        let group = Group { aggregate: aggregate.clone(), events: Vec::new() };
        let mut turns = Turns::new(&histories, vec![Turn::new(group, history)]);
        for sequence in 1..=200 {
            let event = Envelope::builder(sequence.to_string(), "/a", "org.example.orders.order.paid.v1");
            turns.as_mut()[0].history.push(event.build().unwrap().fingerprint(), sequence);
        }
        drop(turns);
        // It is larger than the budget, so it isn't kept.
        assert_eq!(histories.of(&aggregate).try_lock_owned().unwrap().version(), 0);
    }
}
