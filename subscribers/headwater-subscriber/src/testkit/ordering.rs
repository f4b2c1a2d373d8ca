use std::collections::{BTreeMap, VecDeque};

use headwater_log::StoredEvent;

use super::Given;
use super::outcome::{Delivery, Outcome, least, name, stored};
use crate::Projection;

/// Checks that the projection makes the same of `events` when those of different aggregates come in another order. Those of
/// one aggregate keep theirs.
///
/// Nobody promises an order across aggregates, unless all of their events are of one stream, and even there it is an accident. A projection
/// that needs one is right to fail here, and to be tested otherwise.
///
/// # Panics
///
/// When a row differs, or the projection halts. The message names the seed of the order, the two events whose order
/// matters, and the rows. Also when all events are of one aggregate: nothing would be checked.
pub fn order_across_keys_does_not_matter<P: Projection>(events: impl IntoIterator<Item = impl Into<Given>>) {
    let events = stored(events);
    let aggregates = by_aggregate(&events);
    assert!(aggregates.len() > 1, "there is only one order of the events of one aggregate");
    let built = |order: &[usize]| Outcome::of::<P>(&arranged(&events, order), ONE_COMMIT);
    let given: Vec<usize> = (0..events.len()).collect();
    let expected = built(&given);
    for seed in 1..=SEEDS {
        let order = shuffled(&aggregates, seed);
        let Some(difference) = expected.difference(&built(&order)) else { continue };
        // From the given order to this one by exchanging neighbours: one exchange makes the difference.
        let exchanges = exchanges(&order);
        let after = |count: usize| {
            let mut order = given.clone();
            exchanges[..count].iter().for_each(|&place| order.swap(place, place + 1));
            order
        };
        let count = least(exchanges.len(), |count| built(&after(count)) != expected);
        let (before, place) = (after(count - 1), exchanges[count - 1]);
        let difference = built(&before).difference(&built(&after(count))).unwrap_or(difference);
        panic!(
            "{} makes something else of its events in another order of aggregates (seed {seed}): {} before {}, instead of \
             after it, changes{difference}",
            P::NAME,
            name(&events[before[place + 1]]),
            name(&events[before[place]]),
        );
    }
}

/// How many orders are tried.
const SEEDS: u64 = 24;

const ONE_COMMIT: Delivery = Delivery { batch: usize::MAX, restart_after: None };

/// The places of the events of each aggregate.
fn by_aggregate(events: &[StoredEvent]) -> Vec<Vec<usize>> {
    let mut aggregates: BTreeMap<(String, &str), Vec<usize>> = BTreeMap::new();
    for (place, event) in events.iter().enumerate() {
        let kind = event.envelope.event_type().expect("a given event has a type of ours");
        let key =
            (format!("{}.{}", kind.domain, kind.aggregate), event.envelope.subject().unwrap_or_default());
        aggregates.entry(key).or_default().push(place);
    }
    aggregates.into_values().collect()
}

/// The events in another order, at the sequences of that order. Each keeps its time.
fn arranged(events: &[StoredEvent], order: &[usize]) -> Vec<StoredEvent> {
    let event = |(sequence, &place): (u64, &usize)| StoredEvent { sequence, ..events[place].clone() };
    (1..).zip(order).map(event).collect()
}

/// An order in which each aggregate's events keep theirs.
fn shuffled(aggregates: &[Vec<usize>], seed: u64) -> Vec<usize> {
    let mut random = seed;
    let mut left: Vec<VecDeque<usize>> =
        aggregates.iter().map(|places| places.iter().copied().collect()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let chosen = usize::try_from((random >> 33) % left.len() as u64).unwrap_or_default();
        order.extend(left[chosen].pop_front());
        if left[chosen].is_empty() {
            left.remove(chosen);
        }
    }
    order
}

/// The places at which neighbours are exchanged, one after another, to get from the order of numbers to this one.
fn exchanges(order: &[usize]) -> Vec<usize> {
    let mut exchanges = Vec::new();
    let mut order = order.to_vec();
    // Sorting it, and then backwards.
    for end in (1..order.len()).rev() {
        for place in 0..end {
            if order[place] > order[place + 1] {
                order.swap(place, place + 1);
                exchanges.push(place);
            }
        }
    }
    exchanges.reverse();
    exchanges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_keeps_the_order_of_each_aggregate_and_is_reached_by_exchanging_neighbours() {
        let aggregates = [vec![0, 3, 4], vec![1, 5], vec![2]];
        let mut orders = Vec::new();
        for seed in 1..=SEEDS {
            let order = shuffled(&aggregates, seed);
            for places in &aggregates {
                let kept: Vec<_> = order.iter().copied().filter(|place| places.contains(place)).collect();
                assert_eq!(kept, *places);
            }
            let mut reached: Vec<usize> = (0..6).collect();
            exchanges(&order).into_iter().for_each(|place| reached.swap(place, place + 1));
            assert_eq!(reached, order);
            orders.push(order);
        }
        orders.sort();
        orders.dedup();
        assert!(orders.len() > 10, "{orders:?}");
    }
}
