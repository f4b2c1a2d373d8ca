use headwater_contract::{Code, Finding};

use crate::graph::check::Check;
use crate::graph::index::Index;

/// An event may wait for its first reader until the day that was given, and not longer.
pub(super) const CHECK: Check = Check { code: Code::HW0404, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for offer in index.offers.values().flatten().filter(|offer| offer.service.is_own()) {
        let event = &offer.publication.event;
        let Some(exemption) = &offer.publication.unused_ok else { continue };
        if exemption.until >= index.system.today || !index.readings_of(&event.name).is_empty() {
            continue;
        }
        findings.push(
            Finding::new(
                Code::HW0404,
                format!("{event} was to have a reader by {}, and nobody reads it", exemption.until),
            )
            .at(offer.service.contract.place(exemption.span.clone()))
            .note(format!("the reason was: {}", exemption.reason))
            .help("subscribe to it, stop publishing it, or give a new reason and day"),
        );
    }
}
