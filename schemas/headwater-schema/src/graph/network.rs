use std::collections::{BTreeMap, BTreeSet};

use headwater_contract::{EventName, EventRef};
use serde::Serialize;

use super::index::{Index, Service};
use super::system::System;

/// Who publishes and who reads what, for people and programs to look at; in the same order for the same
/// contracts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Graph {
    /// The services, by their id.
    pub services: Vec<ServiceNode>,
    /// The events, by their name.
    pub events: Vec<EventNode>,
    /// What leads from services to events, and from events to services.
    pub edges: Vec<Edge>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ServiceNode {
    /// Its name; for one of another repository, `repository/name`.
    pub id: String,
    /// Who answers for it.
    pub owner: String,
    /// Its bounded context.
    pub domain: Option<String>,
    /// The repository that it comes from, if that is another.
    pub repository: Option<String>,
}

/// An event, in all of its versions, because they come under one subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EventNode {
    /// The event.
    pub name: EventName,
    /// The versions that types declare; empty when the types aren't known.
    pub declared: Vec<u32>,
    /// What its publishers say of readers that aren't among the services.
    pub unseen: Vec<String>,
}

/// A line of a contract.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Edge {
    /// The event and its version.
    pub event: EventRef,
    /// Whether the service publishes or reads it.
    pub kind: EdgeKind,
    /// The id of the service.
    pub service: String,
}

/// What a service has to do with an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EdgeKind {
    /// It publishes it.
    Publishes,
    /// It reads it.
    Subscribes,
}

impl Graph {
    /// The graph of a system, whether or not everything in it fits.
    pub fn of(system: &System) -> Self {
        let index = Index::new(system);
        let services: BTreeSet<ServiceNode> = index.services.iter().map(ServiceNode::from).collect();
        let mut events: BTreeMap<&EventName, Vec<u32>> = BTreeMap::new();
        for (name, types) in index.declared.iter().flatten() {
            events.insert(*name, types.keys().copied().collect());
        }
        let mut edges = BTreeSet::new();
        for service in &index.services {
            let published = service.contract.publishes.iter().map(|one| (&one.event, EdgeKind::Publishes));
            let subscribed = service.contract.subscribes.iter().map(|one| (&one.event, EdgeKind::Subscribes));
            for (event, kind) in published.chain(subscribed) {
                events.entry(&event.name).or_default();
                edges.insert(Edge { event: event.clone(), kind, service: id(service) });
            }
        }
        Self {
            services: services.into_iter().collect(),
            events: events
                .into_iter()
                .map(|(name, declared)| EventNode {
                    name: name.clone(),
                    declared,
                    unseen: unseen(&index, name),
                })
                .collect(),
            edges: edges.into_iter().collect(),
        }
    }
}

impl From<&Service<'_>> for ServiceNode {
    fn from(service: &Service<'_>) -> Self {
        Self {
            id: id(service),
            owner: service.contract.service.owner.value.clone(),
            domain: service.domain().map(str::to_owned),
            repository: service.repository.map(str::to_owned),
        }
    }
}

fn unseen(index: &Index<'_>, name: &EventName) -> Vec<String> {
    let offers = index.offers.get(name).into_iter().flatten();
    let mut unseen = Vec::new();
    for offer in offers {
        if let Some(external) = &offer.publication.external {
            unseen.push(format!("{} outside this repository, until {}", external.owner, external.until));
        }
        if let Some(unused_ok) = &offer.publication.unused_ok {
            unseen.push(format!("nobody until {}: {}", unused_ok.until, unused_ok.reason));
        }
    }
    unseen
}

fn id(service: &Service<'_>) -> String {
    match service.repository {
        None => service.contract.name().to_owned(),
        Some(repository) => format!("{repository}/{}", service.contract.name()),
    }
}
