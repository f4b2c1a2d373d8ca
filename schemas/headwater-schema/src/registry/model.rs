use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use headwater_contract::{EventName, EventRef};
use serde_json::Value;

use super::Side;
use super::canonical::{has_its_digest, is_document_of};
use super::layout::Location;
use crate::compat::Mode;

/// Every schema that was ever registered, as it is on disk.
#[derive(Debug, Clone, PartialEq)]
pub struct Registry {
    /// The directory, as it is to be shown.
    pub directory: PathBuf,
    /// What is asked of every change that keeps its version.
    pub mode: Mode,
    /// The reverse-DNS name with which all event types begin.
    pub namespace: String,
    /// For each version of each event its revisions, the first one first.
    pub events: BTreeMap<EventRef, Vec<Revision>>,
    /// What can't be said anything about, because its documents are not as they were registered.
    pub damaged: BTreeSet<EventRef>,
}

/// The schemas of one version of an event, from one compatible change to the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its number: 0 for the first.
    pub number: u32,
    /// What is written.
    pub serialize: Document,
    /// What can be read.
    pub deserialize: Document,
}

/// A registered document. Its text is as it was registered; that is checked when it is loaded.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The file, as it is to be shown.
    pub path: PathBuf,
    /// What is in it.
    pub text: Arc<str>,
}

/// A text that is not the registered document that it is said to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schema of {event}, as it is {side}, was changed after it was registered")]
pub struct DocumentError {
    /// The version.
    pub event: EventRef,
    /// Which of its two documents.
    pub side: Side,
}

impl Registry {
    /// A registry without any schema.
    #[must_use]
    pub fn empty(directory: PathBuf, mode: Mode, namespace: String) -> Self {
        Self { directory, mode, namespace, events: BTreeMap::new(), damaged: BTreeSet::new() }
    }

    /// Adds the next revision of a version, from the texts of both documents.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when a text isn't what was registered.
    pub fn insert(&mut self, event: &EventRef, number: u32, texts: [String; 2]) -> Result<(), DocumentError> {
        let event_type = self.event_type(event);
        let document = |side, text: String| {
            if !has_its_digest(&text) || !is_document_of(&text, &event_type, side) {
                return Err(DocumentError { event: event.clone(), side });
            }
            let path = Location { event: event.clone(), revision: number, side }.path();
            Ok(Document { path: self.directory.join(path), text: text.into() })
        };
        let [serialize, deserialize] = texts;
        let revision = Revision {
            number,
            serialize: document(Side::Serialize, serialize)?,
            deserialize: document(Side::Deserialize, deserialize)?,
        };
        self.events.entry(event.clone()).or_default().push(revision);
        Ok(())
    }

    /// The CloudEvents type of an event: `dev.headwater.flights.flight.departed.v2`.
    #[must_use]
    pub fn event_type(&self, event: &EventRef) -> String {
        format!("{}.{}.v{}", self.namespace, event.name, event.version)
    }

    /// Whether any version of an event is registered.
    #[must_use]
    pub fn has_event(&self, name: &EventName) -> bool {
        let first = EventRef { name: name.clone(), version: 0 };
        self.events.range(first..).next().is_some_and(|(event, _)| event.name == *name)
    }

    /// What a version looks like now.
    #[must_use]
    pub fn newest(&self, event: &EventRef) -> Option<&Revision> {
        self.events.get(event)?.last()
    }
}

impl Revision {
    /// One of the two documents.
    #[must_use]
    pub fn document(&self, side: Side) -> &Document {
        match side {
            Side::Serialize => &self.serialize,
            Side::Deserialize => &self.deserialize,
        }
    }
}

impl Document {
    /// The JSON Schema.
    ///
    /// # Errors
    ///
    /// What `serde_json` reports: a text with a right digest that is no JSON was forged.
    pub fn schema(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_str(&self.text)
    }
}
