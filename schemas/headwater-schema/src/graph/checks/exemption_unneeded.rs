use headwater_contract::{Code, Finding};

use crate::graph::check::Check;
use crate::graph::index::Index;

/// An exemption that outlives its reason would hide the next event that loses its readers.
pub(super) const CHECK: Check = Check { code: Code::HW0203, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for (name, offers) in &index.offers {
        let Some(reading) = index.readings_of(name).first() else { continue };
        for offer in offers.iter().filter(|offer| offer.service.is_own()) {
            let unused_ok =
                offer.publication.unused_ok.as_ref().map(|exemption| ("unused_ok", &exemption.span));
            let external = offer.publication.external.as_ref().map(|external| ("external", &external.span));
            for (key, span) in unused_ok.into_iter().chain(external) {
                let (event, reader) = (&offer.publication.event, reading.service.called());
                findings.push(
                    Finding::new(Code::HW0203, format!("{event} has `{key}`, and {reader} reads it"))
                        .at(offer.service.contract.place(span.clone()))
                        .related(reading.place().label("it is read here"))
                        .help(format!("remove `{key}`")),
                );
            }
        }
    }
}
