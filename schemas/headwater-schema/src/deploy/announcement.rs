use std::collections::BTreeSet;
use std::path::PathBuf;

use headwater_contract::{Contract, EventName, EventRef};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::TypeSchemas;

/// What a service says about itself while it runs.
///
/// Fields that a reader doesn't know are ignored, so later versions may add some. What they must not change under the
/// same [`FORMAT`](Self::FORMAT) is the meaning of those that are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Announcement {
    /// The [`FORMAT`](Self::FORMAT) of whoever wrote it.
    pub format: u32,
    /// The service's name.
    pub service: String,
    /// The version of the service's crate.
    pub version: String,
    /// Which of the service's processes it is.
    pub instance: String,
    /// When this process started.
    pub started_at: Timestamp,
    /// The contract that the service was built with.
    pub contract: AnnouncedContract,
    /// What it publishes; apart from the contract's text, so that a contract with newer keys can still be compared.
    #[serde(default)]
    pub publishes: Vec<EventRef>,
    /// What it reads.
    #[serde(default)]
    pub subscribes: Vec<EventRef>,
    /// How it writes what it publishes, and how it reads what it subscribes to, older versions that it upcasts among them.
    #[serde(default)]
    pub schemas: Vec<AnnouncedSchema>,
}

/// A contract as its service was built with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnnouncedContract {
    /// Where it lay in its repository.
    pub path: PathBuf,
    /// All of its text.
    pub text: String,
}

/// One version of an event, as the announcing service knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnnouncedSchema {
    /// The event and its version.
    pub event: EventRef,
    /// Whether its type is made from the version before it, so that this one can be read as well.
    #[serde(default)]
    pub upcasts: bool,
    /// What the service writes, if it publishes the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serialize: Option<Value>,
    /// What the service takes, if it reads the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deserialize: Option<Value>,
}

/// Why a text is no [`Announcement`].
#[derive(Debug, thiserror::Error)]
pub enum AnnouncementError {
    /// It isn't the JSON that one is written as.
    #[error("it is no announcement")]
    Json(#[from] serde_json::Error),
    /// A later Headwater wrote it, in a way that this one would misunderstand.
    #[error(
        "it was written in format {format}, and this Headwater reads up to {}; update this one",
        Announcement::FORMAT
    )]
    Format {
        /// The format that it claims.
        format: u32,
    },
}

impl Announcement {
    /// The number that is raised when what was written before would be misunderstood.
    pub const FORMAT: u32 = 1;

    /// What a service announces that has this contract; of the schemas, those that somebody else is compared with.
    pub fn of(
        contract: &Contract,
        version: impl Into<String>,
        instance: impl Into<String>,
        schemas: impl IntoIterator<Item = AnnouncedSchema>,
    ) -> Self {
        let publishes: Vec<_> =
            contract.publishes.iter().map(|publication| publication.event.clone()).collect();
        let subscribes: Vec<_> =
            contract.subscribes.iter().map(|subscription| subscription.event.clone()).collect();
        let mut schemas: Vec<AnnouncedSchema> = schemas.into_iter().collect();
        schemas.sort_by(|one, other| one.event.cmp(&other.event));
        schemas.dedup_by(|later, first| later.event == first.event);
        let readable: BTreeSet<_> = subscribes.iter().flat_map(|event| readable(event, &schemas)).collect();
        for schema in &mut schemas {
            if !publishes.contains(&schema.event) {
                schema.serialize = None;
            }
            if !readable.contains(&schema.event) {
                schema.deserialize = None;
            }
        }
        schemas.retain(|schema| schema.serialize.is_some() || schema.deserialize.is_some());
        Self {
            format: Self::FORMAT,
            service: contract.name().to_owned(),
            version: version.into(),
            instance: instance.into(),
            started_at: Timestamp::now(),
            contract: AnnouncedContract { path: contract.path.clone(), text: contract.source.to_string() },
            publishes,
            subscribes,
            schemas,
        }
    }

    /// Reads an announcement that anybody may have written.
    ///
    /// # Errors
    ///
    /// [`AnnouncementError`] when it is none, or one of a later format.
    pub fn from_json(json: &[u8]) -> Result<Self, AnnouncementError> {
        // The format first: what comes with a later one may not even look like this.
        let Format { format } = serde_json::from_slice(json)?;
        if format > Self::FORMAT {
            return Err(AnnouncementError::Format { format });
        }
        Ok(serde_json::from_slice(json)?)
    }

    /// The announcement as JSON, on one line.
    ///
    /// # Errors
    ///
    /// [`AnnouncementError::Json`] when the contract's path isn't Unicode.
    pub fn to_json(&self) -> Result<Vec<u8>, AnnouncementError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// The service and its version, for a message.
    pub fn title(&self) -> String {
        format!("{} {}", self.service, self.version)
    }

    /// The contract, if it still parses: it may be newer than this reader.
    pub(super) fn parsed_contract(&self) -> Option<Contract> {
        Contract::parse(&self.contract.path, self.contract.text.as_str()).ok()
    }

    /// What this service writes as that version of an event.
    pub(super) fn written(&self, event: &EventRef) -> Option<&Value> {
        self.schemas.iter().find(|schema| schema.event == *event)?.serialize.as_ref()
    }

    /// What this service takes as that version of an event, upcast if need be.
    pub(super) fn read(&self, event: &EventRef) -> Option<&Value> {
        self.schemas.iter().find(|schema| schema.event == *event)?.deserialize.as_ref()
    }

    /// The version of an event that this service reads.
    pub(super) fn subscription(&self, event: &EventName) -> Option<&EventRef> {
        self.subscribes.iter().find(|subscription| subscription.name == *event)
    }
}

impl From<TypeSchemas> for AnnouncedSchema {
    fn from(schemas: TypeSchemas) -> Self {
        let TypeSchemas { event, upcasts, serialize, deserialize, .. } = schemas;
        Self { event, upcasts, serialize: Some(serialize), deserialize: Some(deserialize) }
    }
}

/// The version that a service knows, and those before it to which upcasters lead back.
fn readable(known: &EventRef, schemas: &[AnnouncedSchema]) -> Vec<EventRef> {
    let mut versions = vec![known.clone()];
    let mut version = known.clone();
    while schemas.iter().any(|schema| schema.event == version && schema.upcasts) && version.version > 1 {
        version.version -= 1;
        versions.push(version.clone());
    }
    versions
}

#[derive(Deserialize)]
struct Format {
    format: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN_LATER: &str = r#"{
        "format": 1, "service": "board", "version": "9.0.0", "instance": "b1", "started_at": "2026-03-01T12:00:00Z",
        "contract": {"path": "board/contract.toml", "text": "[service]", "signed_by": "ana"},
        "subscribes": ["flights.flight.departed@2"], "mood": {"good": true}
    }"#;

    #[test]
    fn ignores_what_a_later_version_adds() {
        let announcement = Announcement::from_json(WRITTEN_LATER.as_bytes()).unwrap();
        assert_eq!(announcement.title(), "board 9.0.0");
        assert!(announcement.subscription(&"flights.flight.departed".parse().unwrap()).is_some());
        assert_eq!(Announcement::from_json(&announcement.to_json().unwrap()).unwrap(), announcement);
    }

    #[test]
    fn refuses_a_format_that_it_would_misunderstand() {
        let error = Announcement::from_json(br#"{"format": 2, "service": 7}"#).unwrap_err();
        assert!(error.to_string().contains("format 2"), "{error}");
        for text in ["", "null", "[]", "{}", r#"{"format": 1}"#, r#"{"format": -1}"#] {
            assert!(Announcement::from_json(text.as_bytes()).is_err(), "{text}");
        }
    }
}
