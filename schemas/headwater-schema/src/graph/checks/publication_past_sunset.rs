use headwater_contract::{Code, Finding};

use crate::graph::check::Check;
use crate::graph::index::Index;

/// A publisher that goes on after the last day that it named itself has forgotten something.
pub(super) const CHECK: Check = Check { code: Code::HW0402, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for offer in index.offers.values().flatten().filter(|offer| offer.service.is_own()) {
        let Some(sunset) =
            offer.publication.sunset.as_ref().filter(|sunset| sunset.value < index.system.today)
        else {
            continue;
        };
        let (publisher, event) = (offer.service.called(), &offer.publication.event);
        findings.push(
            Finding::new(
                Code::HW0402,
                format!("{publisher} publishes {event}, whose last day was {}", sunset.value),
            )
            .at(offer.service.contract.place(sunset.span.clone()))
            .help("stop publishing it, or name a later day"),
        );
    }
}
