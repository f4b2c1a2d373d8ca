use headwater_log::StoredEvent;

use super::Given;
use super::outcome::{Delivery, Outcome, stored};
use crate::{Partitioning, Projection};

/// Checks that the projection makes the same of `events` into however many partitions its state is divided: that events of different
/// keys never read or write one row.
///
/// # Panics
///
/// When a row differs, or two partitions have written it, or the projection halts. The message names the rows. Also when the projection
/// isn't `partitioned`, and when all events are of one partition: nothing would be checked.
pub fn partitions_share_no_rows<P: Projection>(events: impl IntoIterator<Item = impl Into<Given>>) {
    assert!(
        P::PARTITIONED,
        "{} doesn't say that it can be divided; add `partitioned` to its attribute",
        P::NAME
    );
    let events = stored(events);
    let expected = Outcome::of::<P>(&events, ONE_COMMIT);
    let mut is_divided = false;
    for count in COUNTS {
        let parts = divided(&events, count);
        is_divided |= parts.iter().filter(|part| !part.is_empty()).count() > 1;
        let outcomes = parts.iter().map(|part| Outcome::of::<P>(part, ONE_COMMIT));
        let together = outcomes.reduce(Outcome::beside).unwrap_or_default();
        if let Some(difference) = expected.difference(&together) {
            panic!("{} makes something else of its events in {count} partitions{difference}", P::NAME);
        }
    }
    assert!(is_divided, "all events are of one partition; give events of more keys");
}

/// How many partitions are tried. With many, few keys share one.
const COUNTS: [u32; 4] = [2, 3, 8, 64];

const ONE_COMMIT: Delivery = Delivery { batch: usize::MAX, restart_after: None };

/// The events of each partition.
fn divided(events: &[StoredEvent], count: u32) -> Vec<Vec<StoredEvent>> {
    let partitioning = Partitioning::new(count).unwrap_or_default();
    let of = |partition| {
        let own = events.iter().filter(|event| partitioning.of(event) == partition);
        own.cloned().collect()
    };
    partitioning.all().map(of).collect()
}
