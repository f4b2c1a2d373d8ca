use super::Given;
use super::outcome::{Delivery, Outcome, least, name, stored};
use crate::Projection;

/// Checks that the projection makes the same of `events` however they are delivered: all at once, in batches, one by
/// one, with the process restarted in between, and with events again that were delivered before.
///
/// It finds what a projection must not use: a clock, a counter or a random number, what it remembers outside of its
/// tables, and what shares a commit.
///
/// # Panics
///
/// When a row differs. The message names the delivery, the first event that shows it, and the rows.
pub fn replay_twice_is_idempotent<P: Projection>(events: impl IntoIterator<Item = impl Into<Given>>) {
    let events = stored(events);
    let expected = Outcome::of::<P>(&events, AT_ONCE);
    for (how, delivery) in DELIVERIES {
        let Some(difference) = expected.difference(&Outcome::of::<P>(&events, delivery)) else { continue };
        let differs = |count: usize| {
            let events = &events[..count];
            Outcome::of::<P>(events, AT_ONCE).difference(&Outcome::of::<P>(events, delivery))
        };
        let count = least(events.len(), |count| differs(count).is_some());
        // What depends on the time may not differ once more.
        let difference = differs(count).unwrap_or(difference);
        panic!(
            "{} makes something else of the same events when they are delivered {how}; it shows at event {count} of {}, \
             {}:{difference}",
            P::NAME,
            events.len(),
            name(&events[count - 1]),
        );
    }
}

const AT_ONCE: Delivery = Delivery { batch: usize::MAX, restart_after: None };

const DELIVERIES: [(&str, Delivery); 5] = [
    ("once more, to an empty store", AT_ONCE),
    ("one by one", Delivery { batch: 1, restart_after: None }),
    ("three by three", Delivery { batch: 3, restart_after: None }),
    (
        "one by one, with a restart after each, and then from the first one again",
        Delivery { batch: 1, restart_after: Some(1) },
    ),
    (
        "two by two, with a restart after every third commit, and then from the first one again",
        Delivery { batch: 2, restart_after: Some(3) },
    ),
];
