use headwater_contract::{Code, EventRef, Finding, Severity};

use super::Announcement;

/// What would be missing if `candidate` took the place of its running instances, and those `beside` it, which are deployed
/// together with it, ran too. Nothing of it stops the candidate, because services start in any order; it is something to
/// look at before a deployment. All findings are warnings.
pub fn unmet(candidate: &Announcement, beside: &[Announcement], running: &[Announcement]) -> Vec<Finding> {
    let contract = candidate.parsed_contract();
    let others: Vec<_> = running.iter().filter(|other| other.service != candidate.service).collect();
    let published = |by: &[&Announcement], event: &EventRef| {
        by.iter().any(|service| service.publishes.iter().any(|published| published.name == event.name))
    };
    let publishers: Vec<_> = beside.iter().chain(others.iter().copied()).chain([candidate]).collect();
    let mut findings = Vec::new();
    for event in candidate.subscribes.iter().filter(|event| !published(&publishers, event)) {
        let mut finding = Finding::new(
            Code::HW0101,
            format!("{} reads {event}, and no service that is running publishes it", candidate.title()),
        )
        .help("deploy its publisher as well; until then there is nothing to read");
        let subscription =
            contract.iter().flat_map(|contract| &contract.subscribes).find(|known| known.event == *event);
        if let (Some(contract), Some(subscription)) = (&contract, subscription) {
            finding = finding.at(contract.place(subscription.span.clone()));
        }
        findings.push(finding);
    }
    for reader in &others {
        // What this service's running instances publish today, and nobody would after them.
        let lost = reader.subscribes.iter().filter(|event| {
            let before: Vec<_> = running.iter().filter(|other| other.service == candidate.service).collect();
            published(&before, event) && !published(&publishers, event)
        });
        for event in lost {
            let message = format!(
                "{} doesn't publish {} any more, which the running {} reads",
                candidate.title(),
                event.name,
                reader.title()
            );
            let finding = Finding::new(Code::HW0101, message)
                .help("deploy a reader that no longer subscribes to it, or go on publishing it");
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings.iter_mut().for_each(|finding| finding.severity = Severity::Warning);
    findings.dedup();
    findings.sort_by(Finding::reading_order);
    findings
}
