use headwater_contract::{Code, Finding, Place, nearest_event};

use crate::graph::check::Check;
use crate::graph::fit::Fit;
use crate::graph::index::{Index, Offer, Reading};
use crate::graph::wording::{list, published, publishers_in, versions};

/// A subscription needs someone who publishes it.
pub(super) const CHECK: Check = Check { code: Code::HW0101, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for reading in index.readings() {
        match &reading.fit {
            Fit::Unpublished if is_ours(index, reading) => findings.push(unpublished(index, reading)),
            Fit::VersionUnpublished(offers) if reading.service.is_own() => {
                findings.push(version_unpublished(index, reading, offers));
            }
            _ => {}
        }
    }
}

/// Whether someone here can help it: what another repository reads may be published in a third one.
fn is_ours(index: &Index<'_>, reading: &Reading<'_>) -> bool {
    let domain = reading.subscription.event.name.domain();
    reading.service.is_own()
        || index.services.iter().any(|service| service.is_own() && service.domain() == Some(domain))
}

fn unpublished(index: &Index<'_>, reading: &Reading<'_>) -> Finding {
    let event = &reading.subscription.event;
    let publishers = publishers_in(index, event.name.domain());
    let finding = finding(reading, reading.place());
    let finding = match index.newest(&event.name) {
        Some(schemas) if publishers.is_empty() => {
            finding.note(format!("the type is {}", schemas.declaration()))
        }
        Some(schemas) => finding
            .note(format!("the type is {}: did {publishers} stop publishing it?", schemas.declaration())),
        None => finding,
    };
    let near = nearest_event(&event.name, index.offers.keys().copied())
        .map(|name| format!("did you mean {name}? if not, "))
        .unwrap_or_default();
    let place = if publishers.is_empty() {
        format!("from a service of the domain {}", event.name.domain())
    } else {
        format!("from {publishers}")
    };
    finding.help(format!("{near}publish it {place}, or remove the subscription"))
}

fn version_unpublished(index: &Index<'_>, reading: &Reading<'_>, offers: &[Offer<'_>]) -> Finding {
    let event = &reading.subscription.event;
    let newest = offers.iter().map(|offer| offer.publication.event.version).max().unwrap_or(event.version);
    let publishers = list(offers.iter().map(|offer| offer.service.called()));
    let declared = index.declared.as_ref().and_then(|declared| declared.get(&event.name));
    let finding = finding(reading, reading.place().label(published(offers)));
    let finding = match declared {
        Some(types) => finding.note(format!("the events crates declare {}", versions(types.keys().copied()))),
        None => finding,
    };
    finding.help(format!("subscribe to @{newest}, or publish @{} from {publishers}", event.version))
}

fn finding(reading: &Reading<'_>, place: Place) -> Finding {
    let (service, event) = (reading.service.called(), &reading.subscription.event);
    Finding::new(Code::HW0101, format!("{service} subscribes to {event}, which nobody publishes")).at(place)
}
