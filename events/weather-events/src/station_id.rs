use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A weather station's code: three capital letters or digits. A station at an airport has the airport's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationId([u8; 3]);

/// Text that is not a station's code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a station's code (three capital letters or digits, as in EWR)")]
pub struct StationIdError {
    /// What was given.
    pub text: String,
}

impl StationId {
    /// The code's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in, so the empty string is never seen.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl FromStr for StationId {
    type Err = StationIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit()) => {
                Ok(Self(code))
            }
            _ => Err(StationIdError { text: text.to_owned() }),
        }
    }
}

impl fmt::Display for StationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for StationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for StationId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for StationId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = StationId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a station's code")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<StationId, E> {
                text.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Text)
    }
}

impl JsonSchema for StationId {
    fn schema_name() -> Cow<'static, str> {
        "StationId".into()
    }

    fn schema_id() -> Cow<'static, str> {
        concat!(module_path!(), "::StationId").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Z0-9]{3}$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_its_text() {
        let station: StationId = "EWR".parse().unwrap();
        assert_eq!(station.to_string(), "EWR");
        assert_eq!(serde_json::from_str::<StationId>("\"EWR\"").unwrap(), station);
    }

    #[test]
    fn refuses_anything_else() {
        for text in ["", "EW", "KEWR", "ewr", "E R", "É1"] {
            assert_eq!(text.parse::<StationId>(), Err(StationIdError { text: text.to_owned() }));
        }
    }
}
