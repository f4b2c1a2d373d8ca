use headwater_contract::{Code, Finding};

use crate::graph::check::Check;
use crate::graph::fit::Fit;
use crate::graph::index::Index;
use crate::graph::wording::{published, versions};

/// A reader of a newer version reads older ones through upcasters.
pub(super) const CHECK: Check = Check { code: Code::HW0106, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for reading in index.readings().filter(|reading| reading.service.is_own()) {
        let Fit::Unconnected(offers) = &reading.fit else { continue };
        let event = &reading.subscription.event;
        let from = versions(offers.iter().map(|offer| offer.publication.event.version));
        let Some(oldest) = offers.iter().min_by_key(|offer| offer.publication.event.version) else {
            continue;
        };
        let reader = reading.service.called();
        let steps = (oldest.publication.event.version + 1..=event.version).filter(|version| {
            let types = index.declared.as_ref().and_then(|declared| declared.get(&event.name));
            types.and_then(|types| types.get(version)).is_none_or(|schemas| !schemas.upcasts)
        });
        let finding = Finding::new(
            Code::HW0106,
            format!("{reader} reads {event}, and no upcaster leads to it from {from}, which is published"),
        );
        findings.push(
            finding
                .at(reading.place().label(published(offers)))
                .related(oldest.place().label("published here"))
                .note(format!("{} has no upcaster from the version before", versions(steps)))
                .help(format!("give the newer type `upcasts = ...` and a `From`, or subscribe to {from}")),
        );
    }
}
