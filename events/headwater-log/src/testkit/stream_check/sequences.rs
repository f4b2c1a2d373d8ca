use std::collections::HashMap;

use super::Finding;
use super::held::Held;

/// The sequences rise by one from 1 to the last, and each event has one of them.
pub(super) fn check(held: &[Held], last: u64, findings: &mut Vec<Finding>) {
    let mut before = 0;
    let mut places = HashMap::new();
    for Held { sequence, event, .. } in held {
        if *sequence != before + 1 {
            findings.push(Finding::Gap { after: before, next: *sequence });
        }
        before = *sequence;
        if let Some(first) = places.insert(event, *sequence) {
            findings.push(Finding::StoredTwice { event: event.clone(), first, second: *sequence });
        }
    }
    if before < last {
        findings.push(Finding::Short { read: before, last });
    }
}
