use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The value as a text that jsonb takes, if there is one.
///
/// What jsonb refuses goes elsewhere: bytes that are no JSON, a text with U+0000, half of a surrogate pair, and numbers
/// without bounds. What it changes is not looked at here, for the database itself compares.
pub(super) fn document(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    serde_json::from_str::<Holdable>(text).ok()?;
    has_only_common_numbers(text).then_some(text)
}

/// JSON in which no text has U+0000.
struct Holdable;

impl<'de> Deserialize<'de> for Holdable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Holdable;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without U+0000")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Holdable, E> {
        if text.contains('\0') { Err(E::custom("U+0000")) } else { Ok(Holdable) }
    }

    fn visit_unit<E>(self) -> Result<Holdable, E> {
        Ok(Holdable)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Holdable, E> {
        Ok(Holdable)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Holdable, E> {
        Ok(Holdable)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Holdable, E> {
        Ok(Holdable)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Holdable, E> {
        Ok(Holdable)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Holdable, A::Error> {
        while seq.next_element::<Holdable>()?.is_some() {}
        Ok(Holdable)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Holdable, A::Error> {
        while map.next_entry::<Holdable, Holdable>()?.is_some() {}
        Ok(Holdable)
    }
}

/// How many digits a number may have, and how large its exponent may be: more than any number of Rust needs, and far
/// below what jsonb takes.
const DIGITS_MAX: usize = 400;
const EXPONENT_MAX: i32 = 400;

/// Whether no number of this JSON is beyond what jsonb takes.
fn has_only_common_numbers(json: &str) -> bool {
    let mut bytes = json.bytes().enumerate();
    let mut number: Option<usize> = None;
    let fits = |begin: usize, end: usize| {
        let number = &json[begin..end];
        let exponent = number.split_once(['e', 'E']).map_or(Ok(0), |(_, exponent)| exponent.parse::<i32>());
        number.len() <= DIGITS_MAX && exponent.is_ok_and(|exponent| exponent.abs() <= EXPONENT_MAX)
    };
    while let Some((at, byte)) = bytes.next() {
        let is_part = matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        match (number, byte) {
            (Some(_), _) if is_part => {}
            (Some(begin), _) if !fits(begin, at) => return false,
            (None, b'0'..=b'9' | b'-') => number = Some(at),
            _ => number = None,
        }
        if byte == b'"' {
            // To the end of the text.
            while let Some((_, byte)) = bytes.next() {
                match byte {
                    b'"' => break,
                    b'\\' => drop(bytes.next()),
                    _ => {}
                }
            }
        }
    }
    number.is_none_or(|begin| fits(begin, json.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_json() {
        let long = format!("[{}]", ["-12.5e-3"; 500].join(","));
        for json in
            ["0", "-0.0", "1e300", "null", r#"{"a":[true,"\u00e9\\\"1e999",{}]}"#, r#""1e9999""#, &long]
        {
            assert_eq!(document(json.as_bytes()), Some(json));
        }
    }

    #[test]
    fn takes_nothing_that_jsonb_refuses() {
        let long = format!("[0.{}]", "1".repeat(20_000));
        for bytes in [
            b"".as_slice(),
            b"\xff\xfe",
            b"{\"a\":1",
            br#""\u0000""#,
            br#"{"\u0000":1}"#,
            br#"["\ud800"]"#,
            b"1e-20000",
            b"[1,2e-401,3]",
            b"1e999",
            long.as_bytes(),
        ] {
            assert_eq!(document(bytes), None, "{}", String::from_utf8_lossy(bytes));
        }
    }
}
