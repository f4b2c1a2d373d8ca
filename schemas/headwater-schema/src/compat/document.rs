use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text can't be taken as a schema.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It isn't JSON, or an object has a key twice.
    #[error("it isn't JSON that means one thing")]
    Json(#[from] serde_json::Error),
    /// A number is beyond what can be held exactly.
    #[error(
        "the number {number} at {line}:{column} can't be held exactly, so nothing is said about it; write a shorter one"
    )]
    Inexact {
        /// As it is written.
        number: String,
        /// Where it is, counted from 1.
        line: usize,
        /// Where it is, counted from 1.
        column: usize,
    },
    /// It isn't a schema.
    #[error("it isn't a JSON Schema: {message} at {}", if pointer.is_empty() { "its root" } else { pointer })]
    NotASchema {
        /// Where.
        pointer: String,
        /// What the schema of schemas says.
        message: String,
    },
}

impl DocumentError {
    /// Whether it is JSON all the same.
    #[must_use]
    pub fn is_inexact(&self) -> bool {
        matches!(self, Self::Inexact { .. })
    }
}

/// Reads a JSON document so that nothing of it is lost.
///
/// # Errors
///
/// If it isn't JSON, if an object has a key twice, of which readers take one or the other, or if a number isn't held
/// exactly.
pub fn read_document(text: &str) -> Result<Value, DocumentError> {
    // Before the numbers are read: one that is out of range would else be called a mistake.
    let inexact = first_inexact(text);
    match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) => inexact.map_or(Ok(value), Err),
        Err(error) if error.to_string().starts_with("number out of range") => {
            Err(inexact.unwrap_or(DocumentError::Json(error)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Reads a JSON Schema, as [`read_document`] does, of the draft that it names, or of any that it is valid under.
///
/// # Errors
///
/// As of [`read_document`], and if it isn't a schema.
pub fn read_schema(text: &str) -> Result<Value, DocumentError> {
    let schema = read_document(text)?;
    let Err(error) = jsonschema::meta::validate(&schema) else { return Ok(schema) };
    let is_older = jsonschema::draft7::meta::validate(&schema).is_ok()
        || jsonschema::draft4::meta::validate(&schema).is_ok();
    // Of a dialect that isn't known, nothing can be said here.
    let is_unknown = matches!(error.kind(), jsonschema::error::ValidationErrorKind::Referencing(_));
    if is_unknown || is_older && schema.get("$schema").is_none() {
        return Ok(schema);
    }
    Err(DocumentError::NotASchema { pointer: error.instance_path().to_string(), message: error.to_string() })
}

/// A value in which no object has a key twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Strict)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let mut keys = BTreeSet::new();
        while let Some(key) = members.next_key::<String>()? {
            if !keys.insert(key.clone()) {
                return Err(A::Error::custom(format_args!("the key {key:?} is there twice")));
            }
            let Strict(value) = members.next_value()?;
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

/// The first number that is not what `serde_json` makes of it.
fn first_inexact(text: &str) -> Option<DocumentError> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += 1;
                while let Some(&byte) = bytes.get(at) {
                    match byte {
                        b'"' => break,
                        b'\\' => at += 2,
                        _ => at += 1,
                    }
                }
                at += 1;
            }
            b'-' | b'0'..=b'9' => {
                let rest = bytes.get(at..).unwrap_or_default();
                let is_part = |byte: &&u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let end = at + rest.iter().take_while(is_part).count();
                let number = text.get(at..end).unwrap_or_default();
                if !is_exact(number) {
                    let before = text.get(..at).unwrap_or_default();
                    return Some(DocumentError::Inexact {
                        number: number.to_owned(),
                        line: before.matches('\n').count() + 1,
                        column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
                    });
                }
                at = end;
            }
            _ => at += 1,
        }
    }
    None
}

fn is_exact(number: &str) -> bool {
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    // What isn't a number is for the parser to refuse.
    let Ok(held) = number.parse::<f64>() else { return true };
    held.is_finite() && digits(number) == digits(&format!("{held:e}"))
}

/// The significant digits, and the power of ten of the last one; `None` for zero.
fn digits(number: &str) -> Option<(String, i64)> {
    let number = number.trim_start_matches(['-', '+']);
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let kept = all.trim_end_matches('0');
    let significant = kept.trim_start_matches('0');
    if significant.is_empty() {
        return None;
    }
    let dropped = i64::try_from(all.len() - kept.len()).unwrap_or(i64::MAX);
    let fraction = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let exponent = exponent.parse::<i64>().unwrap_or(i64::MAX);
    Some((significant.to_owned(), exponent.saturating_add(dropped).saturating_sub(fraction)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn reads_what_means_one_thing() {
        let text =
            r#"{"a": [1, -2, 0.1, 1e3, 1.50, 100000000000000000000, "9\"9999999999999999999999999", 0.0]}"#;
        let expected = json!({"a": [1, -2, 0.1, 1e3, 1.5, 1e20, "9\"9999999999999999999999999", 0.0]});
        assert_eq!(read_document(text).unwrap(), expected);
    }

    #[test]
    fn refuses_a_key_that_is_there_twice_and_says_where() {
        let error = read_document("{\"a\": 1,\n \"a\": 2}").unwrap_err();
        let DocumentError::Json(source) = error else { panic!("{error}") };
        assert!(source.to_string().contains("\"a\" is there twice"), "{source}");
        assert_eq!(source.line(), 2);
    }

    #[test]
    fn refuses_what_is_no_schema_and_takes_one_of_any_draft() {
        let error = read_schema(r#"{"properties": {"a": {"type": "strnig"}}}"#).unwrap_err();
        assert!(error.to_string().contains("/properties/a/type"), "{error}");
        assert!(read_schema(r#"{"minimum": 1, "exclusiveMinimum": true}"#).is_ok());
        assert!(read_schema(r#"{"items": [true, {"type": "string"}]}"#).is_ok());
    }

    #[test]
    fn tells_a_number_that_it_cannot_hold() {
        for number in
            ["1.0000000000000000001", "123456789012345678901", "1e400", "1e-400", "18446744073709551617"]
        {
            let error = read_document(&format!("{{\"maximum\":\n {number}}}")).unwrap_err();
            assert!(error.is_inexact(), "{number}: {error}");
            assert!(error.to_string().contains("at 2:2"), "{error}");
        }
    }
}
