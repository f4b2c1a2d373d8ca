use std::collections::{BTreeMap, BTreeSet};

use headwater_contract::{Contract, EventName, Place, Publication, Subscription, nearest_event};

use super::fit::{Fit, fit};
use super::system::System;
use crate::snapshot::TypeSchemas;

/// A system, arranged so that each check is a walk over what it is about.
pub(super) struct Index<'s> {
    pub(super) system: &'s System,
    /// The services, this repository's first.
    pub(super) services: Vec<Service<'s>>,
    /// Who publishes what, by event.
    pub(super) offers: BTreeMap<&'s EventName, Vec<Offer<'s>>>,
    /// Who reads what, by event.
    pub(super) readings: BTreeMap<&'s EventName, Vec<Reading<'s>>>,
    /// The types, by event and version.
    pub(super) declared: Option<Declared<'s>>,
    /// The names that no type has, with the one that was probably meant.
    pub(super) misspelt: BTreeMap<&'s EventName, &'s EventName>,
    /// The names that were probably meant where another is written: what is missing about them is only a
    /// consequence.
    pub(super) meant: BTreeSet<&'s EventName>,
}

pub(super) type Declared<'s> = BTreeMap<&'s EventName, BTreeMap<u32, &'s TypeSchemas>>;

/// A service and where its contract comes from.
#[derive(Clone, Copy)]
pub(super) struct Service<'s> {
    pub(super) contract: &'s Contract,
    pub(super) repository: Option<&'s str>,
}

/// A publication and its service.
#[derive(Clone, Copy)]
pub(super) struct Offer<'s> {
    pub(super) service: Service<'s>,
    pub(super) publication: &'s Publication,
}

/// A subscription, its service, and whether it fits what is published.
pub(super) struct Reading<'s> {
    pub(super) service: Service<'s>,
    pub(super) subscription: &'s Subscription,
    pub(super) fit: Fit<'s>,
}

impl<'s> Index<'s> {
    pub(super) fn new(system: &'s System) -> Self {
        let own = system.contracts.iter().map(|contract| Service { contract, repository: None });
        let imported = system.imported.iter().flat_map(|bundle| {
            let repository = Some(bundle.repository.as_str());
            bundle.contracts.iter().map(move |contract| Service { contract, repository })
        });
        let services: Vec<Service<'s>> = own.chain(imported).collect();
        let declared = system.events.as_deref().map(declared);
        let mut offers: BTreeMap<_, Vec<Offer<'s>>> = BTreeMap::new();
        for service in &services {
            for publication in &service.contract.publishes {
                let offer = Offer { service: *service, publication };
                offers.entry(&publication.event.name).or_default().push(offer);
            }
        }
        let misspelt = declared.as_ref().map(|declared| misspelt(&services, declared)).unwrap_or_default();
        let meant = misspelt.values().copied().collect();
        let mut index =
            Self { system, services, offers, readings: BTreeMap::new(), declared, misspelt, meant };
        index.readings = index.read();
        index
    }

    /// Who publishes an event, in whichever version.
    pub(super) fn offers_of(&self, name: &EventName) -> &[Offer<'s>] {
        self.offers.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Who reads an event, in whichever version.
    pub(super) fn readings_of(&self, name: &EventName) -> &[Reading<'s>] {
        self.readings.get(name).map(Vec::as_slice).unwrap_or_default()
    }

    /// The readings of this repository's services that came out in a certain way.
    pub(super) fn readings(&self) -> impl Iterator<Item = &Reading<'s>> {
        self.readings.values().flatten()
    }

    /// Whether a type declares the version; `true` when the types aren't known.
    pub(super) fn is_declared(&self, name: &EventName, version: u32) -> bool {
        self.declared
            .as_ref()
            .is_none_or(|declared| declared.get(name).is_some_and(|versions| versions.contains_key(&version)))
    }

    /// The type of the newest version of an event.
    pub(super) fn newest(&self, name: &EventName) -> Option<&'s TypeSchemas> {
        let (_, newest) = self.declared.as_ref()?.get(name)?.last_key_value()?;
        Some(newest)
    }

    fn read(&self) -> BTreeMap<&'s EventName, Vec<Reading<'s>>> {
        let mut readings: BTreeMap<_, Vec<Reading<'s>>> = BTreeMap::new();
        for service in &self.services {
            for subscription in &service.contract.subscribes {
                let fit = fit(self, &subscription.event);
                let reading = Reading { service: *service, subscription, fit };
                readings.entry(&subscription.event.name).or_default().push(reading);
            }
        }
        readings
    }
}

impl<'s> Service<'s> {
    /// Whether it belongs to this repository.
    pub(super) fn is_own(&self) -> bool {
        self.repository.is_none()
    }

    /// Its name, with its repository if that is another.
    pub(super) fn called(&self) -> String {
        match self.repository {
            None => self.contract.name().to_owned(),
            Some(repository) => format!("{} (of {repository})", self.contract.name()),
        }
    }

    pub(super) fn domain(&self) -> Option<&'s str> {
        self.contract.service.domain.as_ref().map(|domain| domain.value.as_str())
    }
}

impl Offer<'_> {
    pub(super) fn place(&self) -> Place {
        self.service.contract.place(self.publication.span.clone())
    }

    /// `@2 by flight-ops`
    pub(super) fn called(&self) -> String {
        format!("@{} by {}", self.publication.event.version, self.service.called())
    }
}

impl Reading<'_> {
    pub(super) fn place(&self) -> Place {
        self.service.contract.place(self.subscription.span.clone())
    }
}

fn declared(events: &[TypeSchemas]) -> Declared<'_> {
    let mut declared: Declared<'_> = BTreeMap::new();
    for schemas in events {
        declared.entry(&schemas.event.name).or_default().insert(schemas.event.version, schemas);
    }
    declared
}

/// The names in this repository's contracts that no type has and that are nearly those of one.
fn misspelt<'s>(services: &[Service<'s>], declared: &Declared<'s>) -> BTreeMap<&'s EventName, &'s EventName> {
    let named = services.iter().filter(|service| service.is_own()).flat_map(|service| {
        let published = service.contract.publishes.iter().map(|publication| &publication.event.name);
        published.chain(service.contract.subscribes.iter().map(|subscription| &subscription.event.name))
    });
    let unknown: BTreeSet<&'s EventName> = named.filter(|name| !declared.contains_key(*name)).collect();
    unknown
        .into_iter()
        .filter_map(|name| Some((name, nearest_event(name, declared.keys().copied())?)))
        .collect()
}
