use std::collections::BTreeSet;

use headwater_contract::{Code, EventName, Finding};

use crate::graph::check::Check;
use crate::graph::index::{Index, Service};
use crate::graph::wording::list;

/// Two services that read the same and keep the same could be one.
pub(super) const CHECK: Check = Check { code: Code::HW0204, run };

/// What a service does, as far as its contract says.
struct Work<'s> {
    service: Service<'s>,
    reads: BTreeSet<&'s EventName>,
    publishes: BTreeSet<&'s EventName>,
    keeps: BTreeSet<&'s str>,
}

fn run(index: &Index<'_>, findings: &mut Vec<Finding>) {
    let work: Vec<Work<'_>> = index
        .services
        .iter()
        .filter(|service| service.is_own() && service.contract.subscribes.len() >= 2)
        .map(|service| Work {
            service: *service,
            reads: service.contract.subscribes.iter().map(|subscription| &subscription.event.name).collect(),
            publishes: service.contract.publishes.iter().map(|publication| &publication.event.name).collect(),
            keeps: service.contract.keeps.iter().map(|kept| kept.name.as_str()).collect(),
        })
        .collect();
    for (number, one) in work.iter().enumerate() {
        for other in &work[number + 1..] {
            if same(one, other) {
                findings.push(finding(one, other));
            }
        }
    }
}

fn same(one: &Work<'_>, other: &Work<'_>) -> bool {
    // The cheap questions first: this is asked of every pair.
    let (fewer, more) = (one.reads.len().min(other.reads.len()), one.reads.len().max(other.reads.len()));
    if fewer * 5 < more * 4
        || one.keeps.is_empty() != other.keeps.is_empty()
        || one.publishes != other.publishes
    {
        return false;
    }
    if one.keeps.is_empty() {
        return one.reads == other.reads;
    }
    let kept = one.keeps.intersection(&other.keeps).count();
    if kept * 2 < one.keeps.len().min(other.keeps.len()) {
        return false;
    }
    let shared = one.reads.intersection(&other.reads).count();
    // At least four fifths of what either reads, and at least two events.
    shared >= 2 && shared * 5 >= (one.reads.len() + other.reads.len() - shared) * 4
}

fn finding(one: &Work<'_>, other: &Work<'_>) -> Finding {
    let place = |work: &Work<'_>| {
        let contract = work.service.contract;
        contract.place(contract.service.name.span.clone())
    };
    let (first, second) = (one.service.called(), other.service.called());
    let reads = list(one.reads.intersection(&other.reads).map(ToString::to_string));
    let finding = Finding::new(Code::HW0204, format!("{first} and {second} do the same work"))
        .at(place(one))
        .related(place(other).label("this is the other"))
        .note(format!("both read {reads}"));
    let kept = list(one.keeps.intersection(&other.keeps).copied());
    let finding = if kept.is_empty() { finding } else { finding.note(format!("both keep {kept}")) };
    finding.help(
        "let one of them serve both purposes, or name their tables under [keeps] by what sets them apart",
    )
}
