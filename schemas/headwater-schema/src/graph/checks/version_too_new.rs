use headwater_contract::{Code, Finding};

use crate::graph::check::Check;
use crate::graph::fit::Fit;
use crate::graph::index::{Index, Offer, Reading};
use crate::graph::wording::{list, published};

/// A reader must know every published version, because it can't choose: they come under one subject.
pub(super) const CHECK: Check = Check { code: Code::HW0102, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for reading in index.readings() {
        if let Fit::TooOld(offers) = &reading.fit {
            findings.extend(finding(reading, offers));
        }
    }
}

fn finding(reading: &Reading<'_>, offers: &[Offer<'_>]) -> Option<Finding> {
    let event = &reading.subscription.event;
    let newest = offers.iter().max_by_key(|offer| offer.publication.event.version)?;
    let version = newest.publication.event.version;
    let (reader, publishers) =
        (reading.service.called(), list(offers.iter().map(|offer| offer.service.called())));
    let finding = Finding::new(
        Code::HW0102,
        format!("{reader} reads {event} and doesn't know @{version}, which is published by {publishers}"),
    );
    // What is to be changed is here; a reader of another repository can't be changed here.
    if reading.service.is_own() {
        Some(
            finding
                .at(reading.place().label(published(offers)))
                .related(newest.place().label(format!("@{version} is published here")))
                .help(format!(
                    "subscribe to @{version} in {reader}: it reads older versions through the upcasters"
                )),
        )
    } else {
        let own = offers.iter().find(|offer| offer.service.is_own())?;
        Some(
            finding
                .at(own.place().label(format!("{reader} knows @{}", event.version)))
                .related(reading.place().label("it subscribes here"))
                .help(format!("go on publishing @{} until {reader} reads @{version}", event.version)),
        )
    }
}
