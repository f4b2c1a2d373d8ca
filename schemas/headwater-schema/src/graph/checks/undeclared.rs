use std::collections::BTreeSet;
use std::ops::Range;

use headwater_contract::{Code, EventRef, Finding};

use crate::graph::check::Check;
use crate::graph::fit::Fit;
use crate::graph::index::{Index, Service};
use crate::graph::wording::{list, versions};

/// A contract names what a type declares; otherwise nobody could write the code for it.
pub(super) const CHECK: Check = Check { code: Code::HW0103, run };

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    let Some(declared) = &index.declared else { return };
    for service in index.services.iter().filter(|service| service.is_own()) {
        let mut unknown = BTreeSet::new();
        for publication in &service.contract.publishes {
            let event = &publication.event;
            if index.is_declared(&event.name, event.version) {
                continue;
            }
            if declared.contains_key(&event.name) {
                findings.push(finding(index, *service, "publishes", event, &publication.span));
            } else if unknown.insert(&event.name) {
                findings.push(finding(index, *service, "publishes", event, &publication.name_span));
            }
        }
    }
    for reading in index.readings().filter(|reading| reading.service.is_own()) {
        if matches!(reading.fit, Fit::Undeclared) {
            let subscription = reading.subscription;
            findings.push(finding(
                index,
                reading.service,
                "subscribes to",
                &subscription.event,
                &subscription.span,
            ));
        }
    }
}

fn finding(
    index: &Index<'_>,
    service: Service<'_>,
    verb: &str,
    event: &EventRef,
    span: &Range<usize>,
) -> Finding {
    let message = format!("{} {verb} {event}, which no events crate declares", service.called());
    let finding = Finding::new(Code::HW0103, message);
    let place = service.contract.place(span.clone());
    let declared = index.declared.as_ref().and_then(|declared| declared.get(&event.name));
    if let Some(types) = declared {
        let known = versions(types.keys().copied());
        let newest = types.keys().next_back().copied().unwrap_or(event.version);
        return finding.at(place.label(format!("declared: {known}"))).help(format!(
            "write @{newest}, or declare the type of @{} with an upcaster from the version before",
            event.version
        ));
    }
    match index.misspelt.get(&event.name) {
        Some(meant) => {
            let finding = finding.at(place.label(format!("did you mean {meant}?")));
            let readers = list(index.readings_of(meant).iter().map(|reading| reading.service.called()));
            let finding = match (verb, readers.as_str()) {
                ("publishes", readers) if !readers.is_empty() => {
                    finding.note(format!("{meant} is read by {readers}"))
                }
                _ => finding,
            };
            finding.help(format!("write \"{meant}\""))
        }
        None => finding.at(place).help(format!(
            "declare its type: #[event(domain = \"{}\", aggregate = \"{}\", name = \"{}\", version = {})]",
            event.name.domain(),
            event.name.aggregate(),
            event.name.event(),
            event.version
        )),
    }
}
