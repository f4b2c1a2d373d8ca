use std::collections::{HashMap, HashSet};

use headwater_event::Aggregate;

use super::held::{Condition, Held};
use super::report::Figures;
use super::{ClaimsByEvent, Evidence, Finding};
use crate::testkit::{Claim, Told};

/// Every decision stands on the event before it, and no two on the same one: as the messages themselves say, and as
/// their writers do.
pub(super) fn check(
    held: &[Held],
    claims: Option<&ClaimsByEvent<'_>>,
    figures: &mut Figures,
    findings: &mut Vec<Finding>,
) {
    let mut heads: HashMap<&Aggregate, u64> = HashMap::new();
    let mut guarded = Decisions::by(Evidence::Guard);
    let mut claimed = Decisions::by(Evidence::Claim);
    // Of which aggregates the current batch has checked the version.
    let mut batch: Option<(&str, HashSet<&Aggregate>)> = None;
    for message in held {
        let version = heads.insert(&message.aggregate, message.sequence).unwrap_or(0);
        if let Some(Condition { guard, batch: place }) = &message.condition {
            match (&mut batch, place) {
                (Some((open, _)), Some(place)) if *open == place.batch => {}
                (_, Some(place)) => batch = Some((&place.batch, HashSet::new())),
                (_, None) => batch = None,
            }
            let mut in_batch = batch.as_mut().map(|(_, checked)| checked);
            match guard {
                Some(guard) => {
                    if guard.subjects != message.aggregate.filter() {
                        findings.push(Finding::other_guard(message, &guard.subjects));
                    }
                    figures.guarded += 1;
                    guarded.decide(message, guard.expected, version, findings);
                    if let Some(checked) = &mut in_batch {
                        checked.insert(&message.aggregate);
                    }
                }
                None if in_batch.is_some_and(|checked| checked.contains(&message.aggregate)) => {}
                None => findings.push(Finding::unguarded(message)),
            }
        }
        let claims = claims.map_or(&[][..], |claims| claims.of(&message.event));
        if let Some(expected) = expected(message, claims, version) {
            figures.claimed += 1;
            claimed.decide(message, expected, version, findings);
        }
    }
    figures.aggregates = heads.len();
}

/// The version on which the writers say that the event's decision stands; none when the event isn't its decision's
/// first, or when nobody who may have stored it has said so.
fn expected(message: &Held, claims: &[&Claim], version: u64) -> Option<u64> {
    let first = claims.iter().filter(|claim| claim.events.first() == Some(&message.event));
    let (mut fresh, mut attempts) = (None, Vec::new());
    for claim in first {
        match claim.told {
            Told::Stored { repeated: false, .. } => fresh = fresh.or(claim.expected),
            Told::Stored { .. } | Told::Nothing => attempts.extend(claim.expected),
            Told::Conflict { .. } | Told::Refused { .. } => {}
        }
    }
    // Of several attempts that may have stored it, the one that was right has.
    let right = || attempts.iter().copied().find(|&expected| expected == version);
    fresh.or_else(right).or(attempts.first().copied())
}

/// The first event of each decision, by the version on which it stands.
struct Decisions<'a> {
    evidence: Evidence,
    by_version: HashMap<(&'a Aggregate, u64), &'a Held>,
}

impl<'a> Decisions<'a> {
    fn by(evidence: Evidence) -> Self {
        Self { evidence, by_version: HashMap::new() }
    }

    fn decide(&mut self, message: &'a Held, expected: u64, version: u64, findings: &mut Vec<Finding>) {
        let before = self.by_version.insert((&message.aggregate, expected), message);
        if let Some(first) = before {
            findings.push(Finding::same_version(expected, first, message, self.evidence));
        } else if expected != version {
            findings.push(Finding::version_gap(message, expected, version, self.evidence));
        }
    }
}
