use std::fmt::Display;
use std::str::FromStr;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{EventSchema, EventType};

/// Something that has happened, as its domain describes it. Derive it.
///
/// The derive takes `domain`, `aggregate`, `name` and `version`, and for every version after the
/// first `upcasts`, the type of the version before: the chain down to version 1 is checked when the
/// crate is compiled. One field is marked `#[event(key)]`: it names the aggregate.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "an event is a struct with `#[derive(Event)]`, and mostly lives in the `*-events` crate of its domain"
)]
pub trait Event: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static {
    /// The name under which this event is published.
    const TYPE: EventType<'static>;

    /// What names one aggregate of this kind. Its text form is the CloudEvent's `subject`.
    type Key: Display + FromStr + Clone + Send + Sync + 'static;

    /// The aggregate to which this happened.
    fn key(&self) -> &Self::Key;

    /// Reads stored data of any version up to this one, and upcasts it.
    ///
    /// # Errors
    ///
    /// [`DecodeError::Data`] when the bytes aren't this event's JSON, [`DecodeError::Version`] when
    /// they were written by a newer version of the software.
    fn decode(version: u32, data: &[u8]) -> Result<Self, DecodeError>;

    /// The JSON Schemas of this version's data, and then those of every older version that it upcasts.
    fn schemas() -> Vec<EventSchema>;
}

/// Several events as one type: all that can happen to an aggregate. Derive it on an enum whose
/// variants hold one event each; every single [`Event`] is a set as well.
pub trait EventSet: Send + Sync + Sized + 'static {
    /// The types of all events of the set. They share domain, aggregate and key.
    const TYPES: &'static [EventType<'static>];

    /// What names one aggregate of this kind.
    type Key: Display + FromStr + Clone + Send + Sync + 'static;

    /// The type of the event that this value holds.
    fn event_type(&self) -> EventType<'static>;

    /// The aggregate to which this happened.
    fn key(&self) -> &Self::Key;

    /// The event's data as JSON.
    ///
    /// # Errors
    ///
    /// What `serde_json` reports: for example a map whose keys aren't strings.
    fn to_json(&self) -> Result<Bytes, serde_json::Error>;

    /// Reads stored data, or says with `None` that an event of this type is not in the set.
    ///
    /// # Errors
    ///
    /// As [`Event::decode`].
    fn decode(event_type: EventType<'_>, data: &[u8]) -> Result<Option<Self>, DecodeError>;

    /// The JSON Schemas of all events of the set, as [`Event::schemas`] has them.
    fn schemas() -> Vec<EventSchema>;
}

/// A set that holds an event of type `E`, as every event by itself does. [`EventSet`]'s derive implements it.
#[diagnostic::on_unimplemented(
    message = "`{E}` is not one of the events of `{Self}`",
    note = "a decider decides on the events of its `type Event`: add a variant that holds `{E}` to it",
    note = "if a variant holds another version of the event, let it hold the one that is published, `{E}`"
)]
pub trait Holds<E: Event>: EventSet {
    /// The event, as one of the set.
    fn hold(event: E) -> Self;
}

impl<E: Event> Holds<E> for E {
    fn hold(event: E) -> Self {
        event
    }
}

impl<E: Event> EventSet for E {
    const TYPES: &'static [EventType<'static>] = &[E::TYPE];

    type Key = E::Key;

    fn event_type(&self) -> EventType<'static> {
        E::TYPE
    }

    fn key(&self) -> &Self::Key {
        Event::key(self)
    }

    fn to_json(&self) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(self).map(Bytes::from)
    }

    fn decode(event_type: EventType<'_>, data: &[u8]) -> Result<Option<Self>, DecodeError> {
        if event_type.is_version_of(&E::TYPE) {
            <E as Event>::decode(event_type.version, data).map(Some)
        } else {
            Ok(None)
        }
    }

    fn schemas() -> Vec<EventSchema> {
        <E as Event>::schemas()
    }
}

/// Stored data that can't be read as the event it is said to be.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The data isn't the JSON of this version of the event.
    #[error("the data of {event_type} can't be read")]
    Data {
        /// The event's type, with the version that was stored.
        event_type: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// The stored version is one that this software doesn't know.
    #[error("{event_type} is newer than version {newest}, the newest that this program knows; upgrade it")]
    Version {
        /// The event's type, with the version that was stored.
        event_type: String,
        /// The newest version that can be read.
        newest: u32,
    },
}

impl DecodeError {
    /// The data of `event_type`, stored as `version`, isn't its JSON.
    #[must_use]
    pub fn data(event_type: EventType<'_>, source: serde_json::Error) -> Self {
        Self::Data { event_type: event_type.to_string(), source }
    }

    /// `version` of `event_type` is none that this software knows.
    #[must_use]
    pub fn version(event_type: EventType<'_>, version: u32) -> Self {
        Self::Version {
            event_type: EventType { version, ..event_type }.to_string(),
            newest: event_type.version,
        }
    }
}
