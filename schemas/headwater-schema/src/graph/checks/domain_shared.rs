use headwater_contract::{Code, Finding};

use crate::graph::check::Check;
use crate::graph::index::Index;

/// An event has one domain that answers for what it means.
pub(super) const CHECK: Check = Check { code: Code::HW0104, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for (name, offers) in &index.offers {
        let Some(owner) = offers.iter().find(|offer| offer.service.domain() == Some(name.domain())) else {
            continue;
        };
        for offer in offers.iter().filter(|offer| offer.service.is_own()) {
            let Some(domain) = offer.service.domain().filter(|domain| *domain != name.domain()) else {
                continue;
            };
            findings.push(
                Finding::new(
                    Code::HW0104,
                    format!("{name} is published by two domains: {} and {domain}", name.domain()),
                )
                .at(offer.place().label(format!("{} is of the domain {domain}", offer.service.called())))
                .related(owner.place().label(format!("{} publishes it too", owner.service.called())))
                .help(format!(
                    "leave it to {}, and publish an event of the domain {domain} instead",
                    owner.service.called()
                )),
            );
        }
    }
}
