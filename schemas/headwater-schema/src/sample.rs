//! Documents that a schema accepts, to try things with.

mod samples;

use regex_syntax::hir::{Class, Hir, HirKind};
use serde_json::{Map, Number, Value};

pub use self::samples::samples;

/// A document that a schema accepts, as far as schemas say what is accepted: a type may know better.
#[must_use]
pub fn sample(schema: &Value) -> Value {
    value(schema, schema, 0)
}

/// The same of a schema that is part of another one.
fn sample_at(schema: &Value, root: &Value, depth: usize) -> Value {
    value(schema, root, depth)
}

/// Deeper than this, a schema that refers to itself is cut off.
const DEPTH_MAX: usize = 16;

fn value(schema: &Value, root: &Value, depth: usize) -> Value {
    let Some(keywords) = schema.as_object().filter(|_| depth < DEPTH_MAX) else { return Value::Null };
    let inner = |schema: &Value| value(schema, root, depth + 1);
    let first = |keyword: &str| keywords.get(keyword).and_then(|all| all.get(0));
    if let Some(given) = keywords.get("const").or(first("examples")).or(first("enum")) {
        return given.clone();
    }
    if let Some(referred) = keywords.get("$ref").and_then(Value::as_str) {
        return root.pointer(referred.trim_start_matches('#')).map_or(Value::Null, inner);
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(choices) = keywords.get(keyword).and_then(Value::as_array) {
            let is_null = |choice: &&Value| choice["type"] == "null";
            let chosen = choices.iter().find(|choice| !is_null(choice)).map_or(Value::Null, inner);
            return merged(chosen, object(keywords, root, depth));
        }
    }
    if let Some(parts) = keywords.get("allOf").and_then(Value::as_array) {
        let own = object(keywords, root, depth);
        return parts.iter().map(inner).fold(own, merged);
    }
    let kind = match keywords.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().find(|kind| *kind != "null").and_then(Value::as_str),
        kind => kind.and_then(Value::as_str),
    };
    match kind {
        Some("string") => text(keywords).into(),
        Some("integer" | "number") => number(keywords),
        Some("boolean") => true.into(),
        Some("array") => array(keywords, root, depth),
        Some("object") => object(keywords, root, depth),
        None if keywords.contains_key("properties") => object(keywords, root, depth),
        _ => Value::Null,
    }
}

/// What must be there and no more.
fn object(keywords: &Map<String, Value>, root: &Value, depth: usize) -> Value {
    let required = keywords.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let properties = required.iter().filter_map(Value::as_str).map(|name| {
        let schema = keywords.get("properties").and_then(|all| all.get(name)).unwrap_or(&Value::Null);
        (name.to_owned(), value(schema, root, depth + 1))
    });
    Value::Object(properties.collect())
}

fn array(keywords: &Map<String, Value>, root: &Value, depth: usize) -> Value {
    let items = |keyword| keywords.get(keyword).cloned().unwrap_or_default();
    let prefix = items("prefixItems");
    let mut all: Vec<Value> =
        prefix.as_array().into_iter().flatten().map(|one| value(one, root, depth + 1)).collect();
    let least = keywords.get("minItems").and_then(Value::as_u64).unwrap_or(0);
    while u64::try_from(all.len()).is_ok_and(|len| len < least) {
        all.push(value(&items("items"), root, depth + 1));
    }
    all.into()
}

fn number(keywords: &Map<String, Value>) -> Value {
    let bound = |keyword: &str| keywords.get(keyword).and_then(Value::as_f64);
    let (least, most) = (bound("minimum"), bound("maximum"));
    match (least, most) {
        (Some(least), _) if least > 1.0 => keywords["minimum"].clone(),
        (_, Some(most)) if most < 1.0 => keywords["maximum"].clone(),
        _ if bound("exclusiveMinimum").is_some_and(|least| least >= 1.0) => bound("exclusiveMinimum")
            .and_then(|least| Number::from_f64(least + 1.0))
            .map_or(Value::Null, Value::Number),
        _ => 1.into(),
    }
}

fn text(keywords: &Map<String, Value>) -> String {
    let format = keywords.get("format").and_then(Value::as_str);
    if let Some((_, example)) = FORMATS.iter().find(|(name, _)| Some(*name) == format) {
        return (*example).to_owned();
    }
    if let Some(pattern) = keywords.get("pattern").and_then(Value::as_str)
        && let Ok(pattern) = regex_syntax::parse(pattern)
    {
        let mut matched = Vec::new();
        push(&pattern, &mut matched);
        return String::from_utf8_lossy(&matched).into_owned();
    }
    let least =
        keywords.get("minLength").and_then(Value::as_u64).and_then(|least| usize::try_from(least).ok());
    "1".repeat(least.unwrap_or(1).max(1))
}

const FORMATS: [(&str, &str); 9] = [
    ("date-time", "2013-01-01T06:00:00Z"),
    ("date", "2013-01-01"),
    ("time", "06:00:00"),
    ("partial-date-time", "2013-01-01T06:00:00"),
    ("duration", "PT1H"),
    ("email", "someone@example.org"),
    ("uri", "https://example.org"),
    ("uuid", "00000000-0000-4000-8000-000000000001"),
    ("ipv4", "192.0.2.1"),
];

/// The shortest text that matches, with letters and digits that are also dates and times: `1111-11-11`.
fn push(pattern: &Hir, text: &mut Vec<u8>) {
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.extend_from_slice(&literal.0),
        HirKind::Class(class) => text.extend_from_slice(one_of(class).to_string().as_bytes()),
        HirKind::Repetition(repetition) => (0..repetition.min).for_each(|_| push(&repetition.sub, text)),
        HirKind::Capture(capture) => push(&capture.sub, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| push(part, text)),
        HirKind::Alternation(choices) => choices.iter().take(1).for_each(|choice| push(choice, text)),
    }
}

fn one_of(class: &Class) -> char {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.ranges().iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.ranges().iter().map(|range| (range.start().into(), range.end().into())).collect()
        }
    };
    let has = |letter: char| ranges.iter().any(|(first, last)| (*first..=*last).contains(&letter));
    // Digits last: what takes both is a code rather than a number.
    let preferred = ['A', 'a', '1'].into_iter().find(|letter| has(*letter));
    preferred.or(ranges.first().map(|(first, _)| *first)).unwrap_or('1')
}

fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (one, _) => one,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn has_all_that_must_be_there() {
        let schema = json!({
            "type": "object",
            "required": ["flight", "at", "delay", "kind", "seats", "gate"],
            "properties": {
                "flight": {"$ref": "#/$defs/FlightId"},
                "at": {"type": "string", "format": "date-time"},
                "delay": {"type": "integer", "format": "int32"},
                "kind": {"oneOf": [{"type": "null"}, {"const": "late"}]},
                "seats": {"type": "array", "minItems": 2, "items": {"type": "integer", "minimum": 5}},
                "gate": {"anyOf": [{"$ref": "#/$defs/Gate"}, {"type": "null"}]},
                "note": {"type": "string"},
            },
            "$defs": {
                "FlightId": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}-[A-Z0-9]{2}-(0|[1-9][0-9]{0,4})$"},
                "Gate": {"type": "object", "required": ["number"], "properties": {"number": {"type": ["string", "null"]}}},
            },
        });
        let expected = json!({
            "flight": "1111-11-11-AA-0", "at": "2013-01-01T06:00:00Z", "delay": 1, "kind": "late", "seats": [5, 5],
            "gate": {"number": "1"},
        });
        assert_eq!(sample(&schema), expected);
    }

    #[test]
    fn ends_though_the_schema_refers_to_itself() {
        let schema = json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}});
        assert!(sample(&schema).is_object());
    }
}
