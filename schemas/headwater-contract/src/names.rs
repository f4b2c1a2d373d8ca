use std::fmt::{self, Display};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The name of an event in all of its versions: `flights.flight.departed`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventName {
    domain: String,
    aggregate: String,
    event: String,
}

impl EventName {
    /// Puts a name together from its three parts.
    ///
    /// # Errors
    ///
    /// Fails when a part can't stand in a subject: it takes a lower-case letter, then letters, digits, `-`
    /// and `_`.
    pub fn new(
        domain: impl Into<String>,
        aggregate: impl Into<String>,
        event: impl Into<String>,
    ) -> Result<Self, NameError> {
        let name = Self { domain: domain.into(), aggregate: aggregate.into(), event: event.into() };
        for part in [&name.domain, &name.aggregate, &name.event] {
            if !is_token(part) {
                return Err(NameError::Part { name: name.to_string(), part: part.clone() });
            }
        }
        Ok(name)
    }

    /// The bounded context that owns the event.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The kind of thing that the event happens to.
    pub fn aggregate(&self) -> &str {
        &self.aggregate
    }

    /// What happened, as the last part of the name.
    pub fn event(&self) -> &str {
        &self.event
    }

    /// This event in one version.
    pub fn at(&self, version: u32) -> EventRef {
        EventRef { name: self.clone(), version }
    }
}

/// One version of an event: `flights.flight.departed@2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EventRef {
    /// The event.
    pub name: EventName,
    /// Its version; the first is 1.
    pub version: u32,
}

/// Why a text is no [`EventName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The text doesn't have three parts.
    #[error("{name:?} doesn't name an event: write domain.aggregate.event, as in flights.flight.departed")]
    Parts {
        /// The text.
        name: String,
    },
    /// A part can't be a token of a subject.
    #[error(
        "{part:?} can't stand in the event name {name:?}: \
         use a lower-case letter, then lower-case letters, digits, `-` and `_`"
    )]
    Part {
        /// The whole name.
        name: String,
        /// The part that doesn't do.
        part: String,
    },
}

/// Why a text is no [`EventRef`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    /// What stands before the `@` is no name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// What stands after the `@` is no version, or there is no `@`.
    #[error(
        "{text:?} names no version: write it after the name, as in flights.flight.departed@2; the first is @1"
    )]
    Version {
        /// The text.
        text: String,
    },
}

impl FromStr for EventName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let mut parts = text.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(domain), Some(aggregate), Some(event), None) => Self::new(domain, aggregate, event),
            _ => Err(NameError::Parts { name: text.to_owned() }),
        }
    }
}

impl FromStr for EventRef {
    type Err = RefError;

    fn from_str(text: &str) -> Result<Self, RefError> {
        let unversioned = || RefError::Version { text: text.to_owned() };
        let (name, version) = text.split_once('@').ok_or_else(unversioned)?;
        let name = name.parse()?;
        // `parse` alone would take "+2", and then one event would have two spellings.
        let digits = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0');
        match version.parse() {
            Ok(version) if digits => Ok(Self { name, version }),
            _ => Err(unversioned()),
        }
    }
}

impl Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.domain, self.aggregate, self.event)
    }
}

impl Display for EventRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

impl TryFrom<String> for EventName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<EventName> for String {
    fn from(name: EventName) -> Self {
        name.to_string()
    }
}

impl TryFrom<String> for EventRef {
    type Error = RefError;

    fn try_from(text: String) -> Result<Self, RefError> {
        text.parse()
    }
}

impl From<EventRef> for String {
    fn from(event: EventRef) -> Self {
        event.to_string()
    }
}

/// Whether a text is a token of a subject; the same rule as for the events themselves.
pub(crate) fn is_token(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_version_survive_their_text() {
        let event: EventRef = "flights.flight.departed@2".parse().unwrap();
        assert_eq!((event.name.domain(), event.name.event(), event.version), ("flights", "departed", 2));
        assert_eq!(event.to_string(), "flights.flight.departed@2");
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(json, "\"flights.flight.departed@2\"");
        assert_eq!(serde_json::from_str::<EventRef>(&json).unwrap(), event);
    }

    #[test]
    fn refuses_what_is_no_event() {
        for text in [
            "",
            "flights",
            "flights.flight",
            "a.b.c.d",
            "Flights.flight.departed",
            "a..c",
            "a.b.c d",
            "a.b.1",
        ] {
            assert!(text.parse::<EventName>().is_err(), "{text}");
        }
        for text in ["a.b.c", "a.b.c@", "a.b.c@0", "a.b.c@+2", "a.b.c@02", "a.b.c@4294967296", "a.b.c@v1"] {
            assert!(text.parse::<EventRef>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_of_an_event_sort_as_numbers() {
        let [two, ten]: [EventRef; 2] = ["a.b.c@2", "a.b.c@10"].map(|text| text.parse().unwrap());
        assert!(two < ten);
    }
}
