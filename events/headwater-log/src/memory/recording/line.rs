use std::fmt;

use headwater_event::{Envelope, EnvelopeError};
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::RecordingProblem;
use crate::StoredEvent;

/// The attribute that says where in its stream an event is stored. It isn't part of the stored event, so it has a name
/// that no event uses.
const SEQUENCE: &str = "streamsequence";

/// An event on one line.
pub(super) fn write(event: &StoredEvent) -> Result<String, EnvelopeError> {
    let json = event.envelope.to_json()?;
    // Data are written as they are, maybe on several lines. A line break between JSON's tokens is as good as a space,
    // and there is none within them.
    let json = String::from_utf8_lossy(&json).replace(['\n', '\r'], " ");
    // An event has at least one attribute, so a comma follows.
    Ok(json.replacen('{', &format!(r#"{{"{SEQUENCE}":"{}","#, event.sequence), 1))
}

/// The event on a line, and its sequence, if the line has one.
pub(super) fn read(line: &str) -> Result<(Option<u64>, Envelope), RecordingProblem> {
    let not_an_event = |source| RecordingProblem::NotAnEvent { source };
    let Line { sequence, event } =
        serde_json::from_str(line).map_err(|source| not_an_event(EnvelopeError::Json { source }))?;
    let sequence = sequence.map(|value| parse_sequence(&value)).transpose()?;
    let envelope = Envelope::from_json(&event.into()).map_err(not_an_event)?;
    Ok((sequence, envelope))
}

/// A number, or as text, which is how CloudEvents writes one of 64 bits.
fn parse_sequence(value: &str) -> Result<u64, RecordingProblem> {
    let digits = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    // After the last number there is none for the next event.
    let sequence = digits.parse().ok().filter(|&sequence| sequence > 0 && sequence < u64::MAX);
    sequence.ok_or_else(|| RecordingProblem::Sequence { value: value.to_owned() })
}

/// A JSON object without the sequence, and the sequence. All else is as it was, numbers with all their digits.
struct Line {
    sequence: Option<String>,
    event: String,
}

impl<'de> Deserialize<'de> for Line {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Line;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a CloudEvent as a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line, A::Error> {
                let (mut sequence, mut members) = (None, Vec::with_capacity(16));
                while let Some(name) = map.next_key::<String>()? {
                    let value: &RawValue = map.next_value()?;
                    if name != SEQUENCE {
                        let name = serde_json::to_string(&name).map_err(A::Error::custom)?;
                        members.push(format!("{name}:{}", value.get()));
                    } else if sequence.replace(value.get().to_owned()).is_some() {
                        return Err(A::Error::duplicate_field(SEQUENCE));
                    }
                }
                Ok(Line { sequence, event: format!("{{{}}}", members.join(",")) })
            }
        }

        deserializer.deserialize_map(Object)
    }
}
