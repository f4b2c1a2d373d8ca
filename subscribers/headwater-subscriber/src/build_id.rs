use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use headwater_event::EventType;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{Partitioning, Projection, TableInfo};

/// What a projection's state was built by: a fingerprint of all from which the same events would make another
/// state.
///
/// That is the code's version, the tables and their indexes, the events and the schemas that they are read by. The
/// code itself can't be seen, so whoever changes what it does raises the version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BuildId(String);

/// How many hexadecimal digits of the hash are kept: enough for all builds that one projection will ever have.
const DIGITS: usize = 12;

impl BuildId {
    /// The build of this code, whose state isn't divided.
    #[must_use]
    pub fn of<P: Projection>() -> Self {
        Self::divided::<P>(Partitioning::default())
    }

    /// The build of this code whose state is divided into partitions. Another number of them divides it in another way, and so is another build.
    #[must_use]
    pub fn divided<P: Projection>(partitioning: Partitioning) -> Self {
        let schemas = P::read_schemas().into_iter().map(|schema| {
            let mut reads = schema.deserialize;
            remove_annotations(&mut reads);
            json!([schema.event_type.to_string(), reads])
        });
        let mut described = vec![
            json!(P::VERSION),
            json!(P::new().tables().iter().map(TableInfo::names).collect::<Vec<_>>()),
            json!(P::EVENTS.iter().map(EventType::to_string).collect::<Vec<_>>()),
            schemas.collect(),
        ];
        if partitioning != Partitioning::default() {
            described.push(json!(partitioning.count()));
        }
        let hash = Sha256::digest(Value::from(described).to_string());
        Self(hash.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(DIGITS).map(digit).collect())
    }

    /// The build as text: twelve hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn digit(value: u8) -> char {
    char::from_digit(value.into(), 16).unwrap_or('0')
}

/// What a schema says to people changes no state, nor does the order in which it says something.
fn remove_annotations(schema: &mut Value) {
    let members = match schema {
        Value::Object(members) => members,
        Value::Array(items) => return items.iter_mut().for_each(remove_annotations),
        _ => return,
    };
    for annotation in ["$comment", "$schema", "description", "examples", "title"] {
        members.remove(annotation);
    }
    // In an order that doesn't depend on how this map is built.
    *members = std::mem::take(members).into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
    for (keyword, value) in members {
        match (keyword.as_str(), value) {
            // In these, the keys are names.
            ("properties" | "$defs" | "patternProperties" | "dependentSchemas", Value::Object(named)) => {
                named.values_mut().for_each(remove_annotations);
            }
            // And these are data.
            ("default" | "const" | "enum" | "required", _) => {}
            (_, value) => remove_annotations(value),
        }
    }
}

#[cfg(test)]
impl Default for BuildId {
    fn default() -> Self {
        Self("0".repeat(DIGITS))
    }
}

impl fmt::Display for BuildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that names no build.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no build: that is {DIGITS} hexadecimal digits, as `headwater projection ls` shows them")]
pub struct BuildIdError(String);

impl FromStr for BuildId {
    type Err = BuildIdError;

    fn from_str(text: &str) -> Result<Self, BuildIdError> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == DIGITS && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(BuildIdError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for BuildId {
    type Error = BuildIdError;

    fn try_from(text: String) -> Result<Self, BuildIdError> {
        text.parse()
    }
}

impl From<BuildId> for String {
    fn from(build: BuildId) -> Self {
        build.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_people_makes_no_other_build_and_what_is_read_does() {
        let schema = |text: &str, kind: &str| {
            let mut schema = json!({
                "title": text, "description": text, "type": "object", "required": ["description"],
                "properties": {
                    "description": { "type": kind, "description": text },
                    "one": { "anyOf": [{ "title": text, "const": { "title": "kept" } }] },
                },
                "$defs": { "title": { "description": text, "type": "integer" } },
            });
            remove_annotations(&mut schema);
            schema
        };
        assert_eq!(schema("one", "string"), schema("other", "string"));
        assert_ne!(schema("one", "string"), schema("one", "integer"));
        let left = schema("gone", "string");
        assert!(!left.to_string().contains("gone"));
        assert_eq!(left["properties"]["one"]["anyOf"][0]["const"]["title"], "kept");
        assert_eq!(left["required"][0], "description");
    }

    #[test]
    fn only_what_could_be_a_build_is_taken_for_one() {
        assert_eq!("0123456789ab".parse::<BuildId>().unwrap().to_string(), "0123456789ab");
        for text in ["", "0123456789a", "0123456789abc", "0123456789AB", "0123456789/b"] {
            assert!(text.parse::<BuildId>().is_err(), "{text}");
        }
    }
}
