use headwater_contract::{Code, Finding};

use crate::graph::check::Check;
use crate::graph::index::Index;

/// A reader outside the repository is vouched for until a day, because nothing here would notice that it has
/// gone.
pub(super) const CHECK: Check = Check { code: Code::HW0405, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for offer in index.offers.values().flatten().filter(|offer| offer.service.is_own()) {
        let event = &offer.publication.event;
        let Some(external) = &offer.publication.external else { continue };
        if external.until >= index.system.today || !index.readings_of(&event.name).is_empty() {
            continue;
        }
        findings.push(
            Finding::new(
                Code::HW0405,
                format!(
                    "{event} was said to be read by {} until {}, and nobody here reads it",
                    external.owner, external.until
                ),
            )
            .at(offer.service.contract.place(external.span.clone()))
            .help(format!(
                "ask {} whether they still read it: name a new day, or stop publishing it",
                external.owner
            )),
        );
    }
}
