use std::collections::BTreeMap;
use std::path::PathBuf;

use headwater_contract::{Contract, EventRef, Finding};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::compat::Mode;
use crate::graph;
use crate::registry::{DocumentError, Registry, Revision};
use crate::{Snapshot, TypeSchemas};

/// What one repository tells another: its contracts, and the schemas that it has registered. A gate exports
/// one, and another gate imports it, so that services of both are held against each other.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Bundle {
    /// The version of this format.
    format: u32,
    /// How the repository is called.
    pub repository: String,
    /// With what its event types begin.
    pub namespace: String,
    /// What its registry asks of a change.
    pub compatibility: Mode,
    /// The contracts of its services.
    pub contracts: Vec<BundledContract>,
    /// The events that it has registered.
    pub events: Vec<BundledEvent>,
}

/// A contract, as it is in its repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledContract {
    /// Where it is.
    pub path: PathBuf,
    /// All of its text.
    pub text: String,
}

/// One version of an event, as it is registered.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BundledEvent {
    /// The event and its version.
    pub event: EventRef,
    /// Whether its type is made from the version before it.
    pub upcasts: bool,
    /// Its type, as `crate::module::Type`.
    #[serde(default)]
    pub rust_type: String,
    /// What its documentation says.
    #[serde(default)]
    pub doc: String,
    /// Its revisions, the first one first.
    pub revisions: Vec<BundledRevision>,
}

/// Both documents of a revision, letter by letter.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BundledRevision {
    /// What is written.
    pub serialize: Box<RawValue>,
    /// What can be read.
    pub deserialize: Box<RawValue>,
}

/// Why a text is no bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It can't be read.
    #[error("the bundle can't be read; export it again with `headwater schema export`")]
    Json(#[from] serde_json::Error),
    /// It was made by another version of Headwater.
    #[error(
        "the bundle has format {format}, and this version of Headwater reads {FORMAT}; use the same version on both sides"
    )]
    Format {
        /// The format that it has.
        format: u32,
    },
    /// A schema was changed on the way.
    #[error(
        "the bundle of {repository} is not as it was exported; export it again with `headwater schema export`"
    )]
    Document {
        /// The repository.
        repository: String,
        /// Which schema.
        source: DocumentError,
    },
}

const FORMAT: u32 = 1;

impl Bundle {
    /// Puts together what a repository tells others.
    ///
    /// # Errors
    ///
    /// What `serde_json` reports of a registered document that is none.
    pub fn new(
        repository: String,
        contracts: &[Contract],
        registry: &Registry,
        snapshot: &Snapshot,
    ) -> Result<Self, serde_json::Error> {
        let types: BTreeMap<&EventRef, &TypeSchemas> =
            snapshot.events.iter().map(|schemas| (&schemas.event, schemas)).collect();
        let mut events = Vec::new();
        for (event, revisions) in &registry.events {
            let schemas = types.get(event);
            events.push(BundledEvent {
                event: event.clone(),
                upcasts: schemas.is_some_and(|schemas| schemas.upcasts),
                rust_type: schemas.map(|schemas| schemas.rust_type.clone()).unwrap_or_default(),
                doc: schemas.map(|schemas| schemas.doc.clone()).unwrap_or_default(),
                revisions: revisions.iter().map(BundledRevision::new).collect::<Result<_, _>>()?,
            });
        }
        let contract = |contract: &Contract| BundledContract {
            path: contract.path.clone(),
            text: contract.source.to_string(),
        };
        Ok(Self {
            format: FORMAT,
            repository,
            namespace: registry.namespace.clone(),
            compatibility: registry.mode,
            contracts: contracts.iter().map(contract).collect(),
            events,
        })
    }

    /// Reads a bundle's JSON.
    ///
    /// # Errors
    ///
    /// [`BundleError`] when it is none that this version can read.
    pub fn parse(json: &str) -> Result<Self, BundleError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = serde_json::from_str(json)?;
        if format != FORMAT {
            return Err(BundleError::Format { format });
        }
        Ok(serde_json::from_str(json)?)
    }

    /// The bundle as JSON: the same content has the same text.
    ///
    /// # Errors
    ///
    /// What `serde_json` reports.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self).map(|json| json + "\n")
    }

    /// Its contracts, for the graph.
    ///
    /// # Errors
    ///
    /// What is wrong with them: their own gate would have told, so they are of another version of Headwater.
    pub fn graph(&self) -> Result<graph::Bundle, Vec<Finding>> {
        let mut contracts = Vec::new();
        let mut findings = Vec::new();
        for BundledContract { path, text } in &self.contracts {
            match Contract::parse(&PathBuf::from(&self.repository).join(path), text.as_str()) {
                Ok(contract) => contracts.push(contract),
                Err(wrong) => findings.extend(wrong),
            }
        }
        let bundle = graph::Bundle { repository: self.repository.clone(), contracts };
        if findings.is_empty() { Ok(bundle) } else { Err(findings) }
    }

    /// Its schemas, as a registry.
    ///
    /// # Errors
    ///
    /// [`BundleError::Document`] when one isn't as it was registered.
    pub fn registry(&self) -> Result<Registry, BundleError> {
        let mut registry =
            Registry::empty(PathBuf::from(&self.repository), self.compatibility, self.namespace.clone());
        for BundledEvent { event, revisions, .. } in &self.events {
            for (number, revision) in (0..).zip(revisions) {
                let texts =
                    [revision.serialize.get(), revision.deserialize.get()].map(|text| format!("{text}\n"));
                registry.insert(event, number, texts).map_err(|source| BundleError::Document {
                    repository: self.repository.clone(),
                    source,
                })?;
            }
        }
        Ok(registry)
    }

    /// What its newest registered schemas say, as if they were types of this repository.
    ///
    /// # Errors
    ///
    /// What `serde_json` reports of a registered document that is none.
    pub fn types(&self) -> Result<Vec<TypeSchemas>, serde_json::Error> {
        let newest = self.events.iter().filter_map(|event| Some((event, event.revisions.last()?)));
        newest
            .map(|(event, revision)| {
                Ok(TypeSchemas {
                    event_type: format!("{}.{}.v{}", self.namespace, event.event.name, event.event.version),
                    event: event.event.clone(),
                    rust_type: self.rust_type(event),
                    declared_at: None,
                    doc: event.doc.clone(),
                    upcasts: event.upcasts,
                    serialize: serde_json::from_str(revision.serialize.get())?,
                    deserialize: serde_json::from_str(revision.deserialize.get())?,
                })
            })
            .collect()
    }

    fn rust_type(&self, event: &BundledEvent) -> String {
        match event.rust_type.as_str() {
            // A registered version whose type is gone.
            "" => format!("a type of {}", self.repository),
            path => path.to_owned(),
        }
    }
}

impl BundledRevision {
    fn new(revision: &Revision) -> Result<Self, serde_json::Error> {
        let raw = |text: &str| RawValue::from_string(text.trim_end().to_owned());
        Ok(Self { serialize: raw(&revision.serialize.text)?, deserialize: raw(&revision.deserialize.text)? })
    }
}
