use std::collections::{HashMap, HashSet};

use super::held::Held;
use super::report::Figures;
use super::{ClaimsByEvent, Finding};
use crate::testkit::{Claim, EventName, Told};

/// The stream holds what the writers were told that it holds, and nothing else.
pub(super) fn check(
    held: &[Held],
    claims: &ClaimsByEvent<'_>,
    figures: &mut Figures,
    findings: &mut Vec<Finding>,
) {
    let stream = Stream::new(held);
    for claim in claims.all {
        match &claim.told {
            Told::Stored { .. } => {
                figures.acknowledged += 1;
                stream.check_acknowledged(claim, findings);
            }
            Told::Conflict { actual } => {
                figures.conflicts += 1;
                let is_version =
                    *actual == 0 || stream.at(*actual).is_some_and(|held| held.aggregate == claim.aggregate);
                if !is_version {
                    findings.push(Finding::NoSuchVersion {
                        aggregate: claim.aggregate.clone(),
                        version: *actual,
                    });
                }
            }
            Told::Refused { .. } => figures.refused += 1,
            Told::Nothing => {
                figures.unknown += 1;
                let stored = claim.events.iter().any(|event| stream.places.contains_key(event));
                figures.unknown_stored += usize::from(stored);
            }
        }
    }
    let mut split = HashSet::new();
    for message in held {
        let claims = claims.of(&message.event);
        let may_have_stored: Vec<_> = claims.iter().filter(|claim| !claim.told.is_refusal()).collect();
        match (claims.first(), may_have_stored.first()) {
            (None, _) => findings.push(Finding::unclaimed(message)),
            (Some(refused), None) => findings.push(Finding::stored_though_refused(message, &refused.told)),
            (_, Some(claim)) => {
                let whole = may_have_stored.iter().any(|claim| stream.is_whole(claim));
                if !whole && split.insert(&claim.events) {
                    findings.push(Finding::split(claim, stream.places_of(claim)));
                }
            }
        }
    }
}

struct Stream<'a> {
    by_sequence: HashMap<u64, &'a Held>,
    places: HashMap<&'a EventName, u64>,
}

impl<'a> Stream<'a> {
    fn new(held: &'a [Held]) -> Self {
        Self {
            by_sequence: held.iter().map(|held| (held.sequence, held)).collect(),
            places: held.iter().map(|held| (&held.event, held.sequence)).collect(),
        }
    }

    fn at(&self, sequence: u64) -> Option<&'a Held> {
        self.by_sequence.get(&sequence).copied()
    }

    fn check_acknowledged(&self, claim: &Claim, findings: &mut Vec<Finding>) {
        for (event, said) in claim.places() {
            let there = self.at(said).filter(|held| held.event == *event);
            let event = event.clone();
            match (there, self.places.get(&event)) {
                (Some(held), _) if held.aggregate == claim.aggregate => {}
                (Some(held), _) => findings.push(Finding::OtherAggregate {
                    event,
                    sequence: said,
                    said: claim.aggregate.clone(),
                    found: held.aggregate.clone(),
                }),
                (None, Some(&found)) => findings.push(Finding::Elsewhere { event, said, found }),
                (None, None) => {
                    findings.push(Finding::Lost { event, aggregate: claim.aggregate.clone(), said })
                }
            }
        }
    }

    /// Where each event of a claim is stored.
    fn places_of(&self, claim: &Claim) -> Vec<Option<u64>> {
        claim.events.iter().map(|event| self.places.get(event).copied()).collect()
    }

    /// Whether all events of a claim are stored, one right after the other.
    fn is_whole(&self, claim: &Claim) -> bool {
        let places = self.places_of(claim);
        places.iter().all(Option::is_some)
            && places.windows(2).all(|pair| matches!(pair, [Some(one), Some(next)] if one + 1 == *next))
    }
}
