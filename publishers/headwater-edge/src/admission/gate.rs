use std::collections::{BTreeMap, BTreeSet};

use headwater_contract::{Contract, EventName, EventRef, nearest};
use headwater_event::{Aggregate, Domain, Envelope, EventType, SubjectError};
use headwater_schema::registry::{Registry, Side};
use serde_json::Value;

use super::Refusal;
use super::data_check::DataCheck;
use super::publication::Publication;
use crate::problem::ProblemKind;

/// Who may publish what: contracts, and the registered schemas of what they declare, ready to be asked.
///
/// An event gets in when its `source` is `/<name>` of a service whose contract declares its type and version, and when its
/// data are what the registered schema says.
#[derive(Debug)]
pub struct Admission {
    /// By source.
    services: BTreeMap<String, Publications>,
}

/// What a service publishes, by CloudEvents type.
type Publications = BTreeMap<String, Publication>;

/// An event that may be stored, and what it happened to.
#[derive(Debug, Clone)]
pub(crate) struct Admitted {
    pub(crate) aggregate: Aggregate,
    pub(crate) event: Envelope,
}

/// Why contracts and a registry don't make an admission.
#[derive(Debug, thiserror::Error)]
pub enum AdmissionError {
    /// There is nobody to let in.
    #[error("no contract was given; name the contract.toml of each service that publishes through the edge")]
    NoContract,
    /// Two contracts have one name.
    #[error("two contracts are called {service}; a name is a source, and stands for one service")]
    Twice {
        /// The name.
        service: String,
    },
    /// A contract has no `[publishes]`.
    #[error("the contract of {service} publishes nothing; whoever only subscribes needs no edge")]
    PublishesNothing {
        /// The service.
        service: String,
    },
    /// A contract publishes an event of another domain.
    #[error("{service} publishes {event}, which isn't of its domain {domain}")]
    OutsideDomain {
        /// The service.
        service: String,
        /// The event.
        event: Box<EventRef>,
        /// The service's domain.
        domain: String,
    },
    /// A contract publishes what nobody has registered.
    #[error("{service} publishes {event}, which the registry has no schema of; register it first")]
    Unregistered {
        /// The service.
        service: String,
        /// The event.
        event: Box<EventRef>,
    },
    /// A registered schema can't be used.
    #[error("the registered schema of {event} can't be used: {problem}")]
    Schema {
        /// The event.
        event: Box<EventRef>,
        /// What the compiler of schemas says.
        problem: String,
    },
    /// A domain has a name that no stream can have.
    #[error("the domain of {service} can't have a stream")]
    Domain {
        /// The service.
        service: String,
        /// Why.
        source: SubjectError,
    },
}

impl Admission {
    /// Puts contracts and registered schemas together, and compiles the schemas.
    ///
    /// # Errors
    ///
    /// [`AdmissionError`], which names the service and the event that stand in the way.
    pub fn new(registry: &Registry, contracts: &[Contract]) -> Result<Self, AdmissionError> {
        let mut services = BTreeMap::new();
        for contract in contracts {
            let service = contract.name().to_owned();
            let publications = publications(registry, contract)?;
            if services.insert(format!("/{service}"), publications).is_some() {
                return Err(AdmissionError::Twice { service });
            }
        }
        if services.is_empty() { Err(AdmissionError::NoContract) } else { Ok(Self { services }) }
    }

    /// The domains to which events are let in.
    #[must_use]
    pub fn domains(&self) -> BTreeSet<Domain> {
        self.services
            .values()
            .flat_map(BTreeMap::values)
            .map(|publication| publication.domain.clone())
            .collect()
    }

    /// Whether there is a contract of the service.
    #[must_use]
    pub fn knows(&self, service: &str) -> bool {
        self.services.contains_key(&format!("/{service}"))
    }

    /// Lets an event in, or says why not. `caller` is the service that sends it, if that is known.
    pub(crate) fn admit(&self, caller: Option<&str>, event: Envelope) -> Result<Admitted, Refusal> {
        let source = event.source();
        if let Some(caller) = caller.filter(|caller| source.strip_prefix('/') != Some(caller)) {
            let detail =
                format!("the caller is {caller}, so the source must be \"/{caller}\" and not {source:?}");
            return Err(Refusal::at(ProblemKind::FOREIGN_SOURCE, "/source", detail));
        }
        let Some(publications) = self.services.get(source) else {
            let known: Vec<_> = self.services.keys().map(String::as_str).collect();
            let detail =
                format!("no contract is known for the source {source:?}; known are {}", known.join(", "));
            return Err(Refusal::at(ProblemKind::UNDECLARED_EVENT, "/source", detail));
        };
        let publication = publications.get(event.type_name()).ok_or_else(|| {
            let detail = undeclared(&event, publications);
            Refusal::at(ProblemKind::UNDECLARED_EVENT, "/type", detail)
        })?;
        let aggregate = publication.check(&event)?;
        Ok(Admitted { aggregate, event })
    }
}

fn publications(registry: &Registry, contract: &Contract) -> Result<Publications, AdmissionError> {
    let service = || contract.name().to_owned();
    let Some(domain) = contract.service.domain.as_ref().filter(|_| !contract.publishes.is_empty()) else {
        return Err(AdmissionError::PublishesNothing { service: service() });
    };
    let mut publications = Publications::new();
    for publication in &contract.publishes {
        let event = publication.event.clone();
        if event.name.domain() != domain.value {
            let (event, domain) = (Box::new(event), domain.value.clone());
            return Err(AdmissionError::OutsideDomain { service: service(), event, domain });
        }
        let domain = domain.value.parse();
        let domain = domain.map_err(|source| AdmissionError::Domain { service: service(), source })?;
        let data = data_check(registry, &event, &service())?;
        publications.insert(registry.event_type(&event), Publication { event, domain, data });
    }
    Ok(publications)
}

fn data_check(registry: &Registry, event: &EventRef, service: &str) -> Result<DataCheck, AdmissionError> {
    let revisions = registry.events.get(event).filter(|_| !registry.damaged.contains(event));
    let revisions = revisions.filter(|revisions| !revisions.is_empty()).ok_or_else(|| {
        AdmissionError::Unregistered { service: service.to_owned(), event: Box::new(event.clone()) }
    })?;
    let unusable = |problem: String| AdmissionError::Schema { event: Box::new(event.clone()), problem };
    let schemas: Vec<Value> = revisions
        .iter()
        .map(|revision| revision.document(Side::Serialize).schema())
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(error.to_string()))?;
    DataCheck::compile(&schemas).map_err(|error| unusable(error.to_string()))
}

/// What is wrong with a type that isn't declared, and what was probably meant.
fn undeclared(event: &Envelope, publications: &Publications) -> String {
    let (service, given) = (event.source().trim_start_matches('/'), event.type_name());
    let name = event.event_type().ok().and_then(named);
    let versions: Vec<_> = publications
        .iter()
        .filter(|(_, publication)| Some(&publication.event.name) == name.as_ref())
        .map(|(event_type, _)| event_type.as_str())
        .collect();
    let declared = if versions.is_empty() {
        match nearest(given, publications.keys().map(String::as_str)) {
            Some(meant) => format!("was {meant} meant?"),
            None => {
                let all: Vec<_> = publications.keys().map(String::as_str).collect();
                format!("it declares {}", all.join(", "))
            }
        }
    } else {
        format!("it declares {}", versions.join(", "))
    };
    format!("the contract of {service} doesn't declare the type {given:?}; {declared}")
}

fn named(event_type: EventType<'_>) -> Option<EventName> {
    EventName::new(event_type.domain, event_type.aggregate, event_type.name).ok()
}
