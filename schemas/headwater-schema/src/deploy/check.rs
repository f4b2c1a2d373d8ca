use std::collections::BTreeMap;
use std::ops::Range;

use headwater_contract::{Code, Contract, EventRef, Finding, Place};

use super::Announcement;
use super::fit::{Misfit, misfit};

/// What stands in the way of running `candidate` beside the services that are `running`.
///
/// Every event that one of them publishes and the other reads is compared: its version, and what is written with what
/// is read. Instances of the candidate's own service are left out, because a deployment that rolls runs
/// two versions of it for a while. That nobody publishes what the candidate reads is no
/// finding either: services start in any order. [`unmet`](super::unmet) tells.
pub fn check(candidate: &Announcement, running: &[Announcement]) -> Vec<Finding> {
    let mine = candidate.parsed_contract();
    let mut findings = Vec::new();
    for other in of_other_services(candidate, running) {
        let theirs = other.parsed_contract();
        let candidate = Party { says: candidate, contract: mine.as_ref(), runs: false };
        let other = Party { says: other, contract: theirs.as_ref(), runs: true };
        compare(candidate, other, candidate, &mut findings);
        compare(other, candidate, candidate, &mut findings);
    }
    findings.sort_by(Finding::reading_order);
    findings
}

/// One of each: instances that say the same are compared once.
fn of_other_services<'a>(
    candidate: &Announcement,
    running: &'a [Announcement],
) -> impl Iterator<Item = &'a Announcement> {
    let mut different: BTreeMap<&str, Vec<&Announcement>> = BTreeMap::new();
    for other in running.iter().filter(|other| other.service != candidate.service) {
        let seen = different.entry(&other.service).or_default();
        if !seen.iter().any(|seen| seen.says_the_same_as(other)) {
            seen.push(other);
        }
    }
    different.into_values().flatten()
}

impl Announcement {
    fn says_the_same_as(&self, other: &Self) -> bool {
        self.version == other.version
            && self.contract == other.contract
            && self.publishes == other.publishes
            && self.subscribes == other.subscribes
            && self.schemas == other.schemas
    }
}

/// One of the two services that are compared.
#[derive(Clone, Copy)]
struct Party<'a> {
    says: &'a Announcement,
    contract: Option<&'a Contract>,
    runs: bool,
}

fn compare(writer: Party<'_>, reader: Party<'_>, candidate: Party<'_>, findings: &mut Vec<Finding>) {
    for published in &writer.says.publishes {
        let Some(read) = reader.says.subscription(&published.name) else { continue };
        let Some(misfit) = misfit(writer.says, published, reader.says, read) else { continue };
        let mut finding = describe(misfit, writer, published, reader, read);
        for (party, event, role) in [(writer, published, "published here"), (reader, read, "read here")] {
            let Some(place) = party.place_of(event) else { continue };
            let is_candidate = party.runs == candidate.runs;
            let place =
                place.label(if is_candidate { role.to_owned() } else { format!("{role}, as it is running") });
            finding = if is_candidate { finding.at(place) } else { finding.related(place) };
        }
        let running = if writer.runs { writer } else { reader };
        findings.push(finding.note(running.since()));
    }
}

fn describe(
    misfit: Misfit,
    writer: Party<'_>,
    published: &EventRef,
    reader: Party<'_>,
    read: &EventRef,
) -> Finding {
    let (w, r) = (writer.title(), reader.title());
    match misfit {
        Misfit::TooNew => Finding::new(
            Code::HW0102,
            format!("{w} publishes {published}, and {r} reads {} at most", version(read)),
        )
        .help(format!(
            "a {} that subscribes to {} and upcasts {} reads both; deploy that one first",
            reader.says.service,
            version(published),
            version(read)
        )),
        Misfit::NotUpcast => Finding::new(
            Code::HW0106,
            format!(
                "{r} reads {read}, {w} publishes {}, and no upcaster connects the two",
                version(published)
            ),
        )
        .help(format!(
            "upcast {} in {}, version by version up to {}",
            published,
            reader.says.service,
            version(read)
        )),
        Misfit::Schema { reasons, help } => {
            let finding =
                Finding::new(Code::HW0301, format!("{r} can't read every {published} that {w} publishes"));
            let finding = reasons.into_iter().fold(finding, Finding::note);
            finding.help(help.unwrap_or_else(|| {
                format!(
                    "change the type back, or publish the change as {}@{}",
                    published.name,
                    read.version + 1
                )
            }))
        }
    }
}

fn version(event: &EventRef) -> String {
    format!("@{}", event.version)
}

impl Party<'_> {
    fn title(&self) -> String {
        let title = self.says.title();
        if self.runs { format!("the running {title}") } else { title }
    }

    fn since(&self) -> String {
        let Announcement { instance, started_at, .. } = self.says;
        format!("{} is running as instance {instance}, since {started_at:.0}", self.says.title())
    }

    /// Where the contract speaks of the event, if it can be read.
    fn place_of(&self, event: &EventRef) -> Option<Place> {
        let contract = self.contract?;
        let span: Range<usize> = contract
            .publishes
            .iter()
            .map(|publication| (&publication.event, &publication.span))
            .chain(contract.subscribes.iter().map(|subscription| (&subscription.event, &subscription.span)))
            .find_map(|(known, span)| (known == event).then(|| span.clone()))?;
        Some(contract.place(span))
    }
}
