use std::collections::HashMap;

use headwater_event::{Aggregate, Envelope};

use super::{Expectation, StoreError};
use crate::admission::Admitted;

/// The events of one aggregate, with their places in the request.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) aggregate: Aggregate,
    pub(super) events: Vec<(usize, Envelope)>,
}

/// Puts the events of a request together by their aggregates, in the order of each aggregate's first event.
pub(super) fn groups(events: Vec<Admitted>, expectation: Expectation) -> Result<Vec<Group>, StoreError> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places = HashMap::new();
    let mut seen = HashMap::new();
    for (index, Admitted { aggregate, event }) in events.into_iter().enumerate() {
        if let Some(first) = seen.insert(event.fingerprint(), index) {
            return Err(StoreError::Twice { first, second: index });
        }
        let place = *places.entry(aggregate.clone()).or_insert_with(|| {
            groups.push(Group { aggregate, events: Vec::new() });
            groups.len() - 1
        });
        groups[place].events.push((index, event));
    }
    check(&groups, expectation)?;
    Ok(groups)
}

fn check(groups: &[Group], expectation: Expectation) -> Result<(), StoreError> {
    let mut domains = groups.iter().map(|group| group.aggregate.domain());
    if let Some(one) = domains.next()
        && let Some(other) = domains.find(|domain| *domain != one)
    {
        return Err(StoreError::SeveralDomains { one: one.clone(), other: other.clone() });
    }
    if groups.len() > 1 && expectation != Expectation::Any {
        return Err(StoreError::SeveralAggregates { count: groups.len() });
    }
    Ok(())
}
