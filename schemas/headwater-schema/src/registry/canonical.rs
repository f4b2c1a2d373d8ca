use std::cmp::Ordering;

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Side;

/// The key of the digest.
pub(super) const DIGEST: &str = "x-headwater-digest";
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// What comes first in a document. The digest is between two keys that are always there, so that it is a
/// line of its own, and the rest is what the digest is made of.
const FIRST: [&str; 4] = ["$schema", DIGEST, "$id", "title"];
const DIGEST_LINE_START: &str = "  \"x-headwater-digest\": \"sha256:";
const DIGEST_LINE_END: &str = "\",\n";

/// The URI of a schema. What is written has the one that envelopes name as their `dataschema`.
pub(super) fn schema_id(event_type: &str, side: Side) -> String {
    match side {
        Side::Serialize => format!("urn:headwater:schema:{event_type}"),
        Side::Deserialize => format!("urn:headwater:schema:{event_type}:read"),
    }
}

/// The text of a document without its digest: the same schema has the same text, on every machine.
pub(super) fn document_text(event_type: &str, side: Side, schema: &Value) -> String {
    let mut document = match schema {
        Value::Object(keywords) => keywords.clone(),
        Value::Bool(false) => Map::from_iter([("not".to_owned(), json!({}))]),
        _ => Map::new(),
    };
    document.remove(DIGEST);
    document.insert("$schema".to_owned(), DIALECT.into());
    document.insert("$id".to_owned(), schema_id(event_type, side).into());
    let mut text = String::with_capacity(2048);
    let mut keys: Vec<&String> = document.keys().collect();
    keys.sort_by(|one, other| root_order(one, other));
    write_object(&document, &keys, 0, &mut text);
    text.push('\n');
    text
}

/// The text as it is registered: with its digest.
pub(super) fn with_digest(text: &str) -> String {
    let digest = hex_digest(&[text]);
    let (before, after) = text.split_at(after_dialect(text));
    format!("{before}{DIGEST_LINE_START}{digest}{DIGEST_LINE_END}{after}")
}

/// Whether a registered text is this one, with its digest. That the digest is right was checked before.
pub(super) fn is_registered_as(registered: &str, text: &str) -> bool {
    let (before, after) = text.split_at(after_dialect(text));
    let rest = registered.strip_prefix(before).and_then(|rest| rest.strip_prefix(DIGEST_LINE_START));
    rest.and_then(|rest| rest.split_once(DIGEST_LINE_END)).is_some_and(|(_, rest)| rest == after)
}

/// Where the digest belongs: after the second line.
fn after_dialect(text: &str) -> usize {
    text.match_indices('\n').nth(1).map_or(0, |(end, _)| end + 1)
}

/// What every document of that name begins with, up to its digest, and the `$id` that follows it.
pub(super) fn is_document_of(text: &str, event_type: &str, side: Side) -> bool {
    let mut lines = text.lines();
    lines.next() == Some("{")
        && lines.next() == Some(&format!("  \"$schema\": \"{DIALECT}\","))
        && lines.next().is_some_and(|line| line.starts_with(DIGEST_LINE_START))
        && lines.next().is_some_and(|line| {
            line.trim_end_matches(',') == format!("  \"$id\": \"{}\"", schema_id(event_type, side))
        })
}

/// Whether the text is as it was written. Any edit shows, even of white space.
pub(super) fn has_its_digest(text: &str) -> bool {
    let Some((before, rest)) = text.split_once(DIGEST_LINE_START) else { return false };
    let Some((digest, after)) = rest.split_once(DIGEST_LINE_END) else { return false };
    digest == hex_digest(&[before, after])
}

/// The SHA-256 of these texts, one after the other.
pub(super) fn hex_digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    texts.iter().for_each(|text| hash.update(text));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a value with an element or a member on each line, and its keys in the order of RFC 8785.
///
/// By hand, because a build script is compiled without optimisation, where a serializer of many generic parts takes
/// several times as long.
fn write_value(value: &Value, depth: usize, text: &mut String) {
    match value {
        Value::Object(object) => {
            let mut keys: Vec<&String> = object.keys().collect();
            keys.sort_by(|one, other| order(one, other));
            write_object(object, &keys, depth, text);
        }
        Value::Array(elements) if elements.is_empty() => text.push_str("[]"),
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                text.push_str(if index == 0 { "[" } else { "," });
                new_line(depth + 1, text);
                write_value(element, depth + 1, text);
            }
            new_line(depth, text);
            text.push(']');
        }
        Value::String(string) => write_string(string, text),
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn write_object(object: &Map<String, Value>, keys: &[&String], depth: usize, text: &mut String) {
    if keys.is_empty() {
        return text.push_str("{}");
    }
    for (index, key) in keys.iter().enumerate() {
        text.push_str(if index == 0 { "{" } else { "," });
        new_line(depth + 1, text);
        write_string(key, text);
        text.push_str(": ");
        write_value(&object[*key], depth + 1, text);
    }
    new_line(depth, text);
    text.push('}');
}

fn write_string(string: &str, text: &mut String) {
    if string.contains(|character: char| character < ' ' || character == '"' || character == '\\') {
        text.push_str(&Value::from(string).to_string());
    } else {
        text.push('"');
        text.push_str(string);
        text.push('"');
    }
}

fn new_line(depth: usize, text: &mut String) {
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
}

fn root_order(one: &str, other: &str) -> Ordering {
    let rank = |key| FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len());
    rank(one).cmp(&rank(other)).then_with(|| order(one, other))
}

/// By UTF-16 code units, which for ASCII are the bytes.
fn order(one: &str, other: &str) -> Ordering {
    if one.is_ascii() && other.is_ascii() {
        return one.cmp(other);
    }
    one.encode_utf16().cmp(other.encode_utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "dev.headwater.orders.order.paid.v1";

    fn text(schema: &Value) -> String {
        with_digest(&document_text(TYPE, Side::Serialize, schema))
    }

    #[test]
    fn a_document_has_one_text() {
        let schema = json!({
            "type": "object", "title": "Paid", "$schema": "whatever", "properties": {"z": {}, "title": {}, "a": {}},
            "required": ["z", "a"],
        });
        insta::assert_snapshot!(text(&schema), @r#"
        {
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "x-headwater-digest": "sha256:f431052f27bf852620a52bb375358074e9b22ef18889a3dd655e68a52f538c07",
          "$id": "urn:headwater:schema:dev.headwater.orders.order.paid.v1",
          "title": "Paid",
          "properties": {
            "a": {},
            "title": {},
            "z": {}
          },
          "required": [
            "z",
            "a"
          ],
          "type": "object"
        }
        "#);
        let again: Value = serde_json::from_str(&text(&schema)).unwrap();
        assert_eq!(text(&again), text(&schema));
    }

    #[test]
    fn every_edit_shows() {
        for schema in [json!({"type": "object"}), json!(true), json!(false)] {
            let text = text(&schema);
            assert!(has_its_digest(&text) && is_document_of(&text, TYPE, Side::Serialize), "{text}");
            for edited in [text.replace("orders", "ordres"), text.replace('\n', "\r\n"), format!("{text} ")] {
                assert!(!has_its_digest(&edited), "{edited}");
            }
        }
    }

    #[test]
    fn is_the_text_that_serde_json_writes_where_keys_have_its_order() {
        let schema = json!({
            "a": [], "b": {}, "c": [1, -2.5, "quote \" and \\ and \n and é", {"d": null, "e": [true]}], "😀": 1,
        });
        let mut text = String::new();
        write_value(&schema, 0, &mut text);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), schema);
        assert_eq!(text, serde_json::to_string_pretty(&schema).unwrap());
        assert_eq!(order("😀", "\u{fb01}"), Ordering::Less);
    }

    #[test]
    fn a_registered_text_is_known_again() {
        let plain = document_text(TYPE, Side::Serialize, &json!({"type": "object"}));
        assert!(is_registered_as(&with_digest(&plain), &plain));
        assert!(!is_registered_as(&with_digest(&plain).replace("object", "null"), &plain));
        assert!(!is_registered_as(&plain, &plain));
    }

    #[test]
    fn a_copy_under_another_name_shows() {
        let text = text(&json!({"type": "object"}));
        assert!(!is_document_of(&text, TYPE, Side::Deserialize));
        assert!(!is_document_of(&text, "dev.headwater.orders.order.paid.v2", Side::Serialize));
    }
}
