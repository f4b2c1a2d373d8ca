use std::collections::HashSet;

use super::Finding;
use super::held::{BatchPlace, Held};

/// The messages of an atomic batch follow one another, from the first to the one that commits.
pub(super) fn check(held: &[Held], findings: &mut Vec<Finding>) {
    let mut ended = HashSet::new();
    // The last message of a batch that isn't committed yet.
    let mut open: Option<(&Held, &BatchPlace)> = None;
    for message in held {
        let place = message.batch();
        if let Some((before, expected)) = open.take() {
            let follows = place.is_some_and(|place| {
                place.batch == expected.batch
                    && place.number == expected.number + 1
                    && message.sequence == before.sequence + 1
            });
            if !follows {
                findings.push(Finding::torn(
                    before,
                    expected,
                    "is followed by no more of it, and doesn't commit",
                ));
            }
            if let (false, Some(place)) = (follows, place) {
                begin(message, place, &mut ended, findings);
            }
        } else if let Some(place) = place {
            begin(message, place, &mut ended, findings);
        }
        open = place.filter(|place| !place.commits).map(|place| (message, place));
    }
    if let Some((before, place)) = open {
        findings.push(Finding::torn(before, place, "is the stream's last, and doesn't commit"));
    }
}

fn begin<'a>(
    message: &Held,
    place: &'a BatchPlace,
    seen: &mut HashSet<&'a str>,
    findings: &mut Vec<Finding>,
) {
    if place.number != 1 {
        findings.push(Finding::torn(message, place, "is preceded by no more of it"));
    }
    if !seen.insert(&place.batch) {
        findings.push(Finding::torn(message, place, "begins a batch that was there before"));
    }
}
