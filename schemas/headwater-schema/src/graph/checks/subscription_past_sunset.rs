use headwater_contract::{Code, Finding};

use super::subscription_to_retiring::retiring;
use crate::graph::check::Check;
use crate::graph::index::Index;

/// After its last day a version is gone for its readers, whether or not it is still published.
pub(super) const CHECK: Check = Check { code: Code::HW0401, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for (reading, offer, sunset) in retiring(index).filter(|(_, _, sunset)| *sunset < index.system.today) {
        let (reader, event) = (reading.service.called(), &reading.subscription.event);
        findings.push(
            Finding::new(
                Code::HW0401,
                format!("{reader} subscribes to {event}, whose last day was {sunset}"),
            )
            .at(reading.place())
            .related(offer.place().label(format!("{} published it until then", offer.service.called())))
            .help(format!(
                "remove the subscription, or agree on a later sunset with {}",
                offer.service.called()
            )),
        );
    }
}
