use headwater_contract::{Code, Finding};

use crate::graph::check::Check;
use crate::graph::index::{Index, Offer};

/// What is published is read by someone; whoever knows better says so, with a date.
pub(super) const CHECK: Check = Check { code: Code::HW0201, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for (name, offers) in &index.offers {
        let known = index.declared.as_ref().is_none_or(|declared| declared.contains_key(*name));
        let read = !index.readings_of(name).is_empty();
        if read || !known || index.meant.contains(*name) || offers.iter().any(explained) {
            continue;
        }
        // One finding for each publisher, at the newest version of several.
        let mut newest: Vec<&Offer<'_>> = Vec::new();
        for offer in offers.iter().filter(|offer| offer.service.is_own()) {
            match newest.last_mut() {
                Some(last) if std::ptr::eq(last.service.contract, offer.service.contract) => {
                    if last.publication.event.version < offer.publication.event.version {
                        *last = offer;
                    }
                }
                _ => newest.push(offer),
            }
        }
        findings.extend(newest.into_iter().map(finding));
    }
}

/// Whether the publication says itself why nobody reads it; whether that still holds is another check's
/// question.
fn explained(offer: &Offer<'_>) -> bool {
    let publication = offer.publication;
    publication.unused_ok.is_some() || publication.external.is_some() || publication.sunset.is_some()
}

fn finding(offer: &Offer<'_>) -> Finding {
    let event = &offer.publication.event;
    Finding::new(
        Code::HW0201,
        format!("{event} is published by {} and read by nobody", offer.service.called()),
    )
    .at(offer.place())
    .help(format!(
        "subscribe to it, as what `headwater new subscriber NAME --on {event}` writes does, or stop publishing it\n\
         if a reader is to follow: unused_ok = {{ reason = \"...\", until = \"...\" }}\n\
         if it is read outside this repository: external = {{ owner = \"...\", until = \"...\" }}",
    ))
}
