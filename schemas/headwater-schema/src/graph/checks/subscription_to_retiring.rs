use headwater_contract::{Code, Finding};
use jiff::civil::Date;

use crate::graph::check::Check;
use crate::graph::fit::Fit;
use crate::graph::index::{Index, Offer, Reading};

/// Whoever reads what will retire is told before it does.
pub(super) const CHECK: Check = Check { code: Code::HW0403, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    for (reading, offer, sunset) in retiring(index).filter(|(_, _, sunset)| *sunset >= index.system.today) {
        let (reader, event) = (reading.service.called(), &reading.subscription.event);
        findings.push(
            Finding::new(Code::HW0403, format!("{reader} subscribes to {event}, whose last day is {sunset}"))
                .at(reading.place())
                .related(offer.place().label(format!("{} says so", offer.service.called())))
                .help("read what replaces it, or remove the subscription, before that day"),
        );
    }
}

/// The subscriptions to versions that everyone who publishes them will retire, with who does so last.
pub(super) fn retiring<'i, 's>(
    index: &'i Index<'s>,
) -> impl Iterator<Item = (&'i Reading<'s>, Offer<'s>, Date)> {
    // A reader that is too old has a nearer problem, with the same remedy.
    let fitting =
        index.readings().filter(|reading| reading.service.is_own() && matches!(reading.fit, Fit::Fits));
    fitting.filter_map(|reading| {
        let event = &reading.subscription.event;
        let offers = index.offers_of(&event.name).iter().filter(|offer| offer.publication.event == *event);
        let mut last: Option<(Offer<'s>, Date)> = None;
        for offer in offers {
            let sunset = offer.publication.sunset.as_ref()?.value;
            if last.as_ref().is_none_or(|(_, latest)| sunset > *latest) {
                last = Some((*offer, sunset));
            }
        }
        last.map(|(offer, sunset)| (reading, offer, sunset))
    })
}
