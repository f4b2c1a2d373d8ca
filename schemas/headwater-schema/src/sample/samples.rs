use serde_json::{Map, Value, json};

use super::sample_at;

/// Several documents that a schema accepts, the plainest first: with and without what may be missing, each
/// alternative, and values at the edges of their types.
///
/// Each is checked against the schema, and its formats. A type may know better than its schema.
#[must_use]
pub fn samples(schema: &Value) -> Vec<Value> {
    let Ok(validator) = jsonschema::options().should_validate_formats(true).build(schema) else {
        return Vec::new();
    };
    let mut samples: Vec<Value> = Vec::new();
    for candidate in variants(schema, schema, 0) {
        if !samples.contains(&candidate) && validator.is_valid(&candidate) {
            samples.push(candidate);
        }
    }
    samples
}

/// Deeper than this, there is one value of each schema.
const DEPTH_MAX: usize = 6;

/// No schema has more.
const VARIANTS_MAX: usize = 400;

/// Texts of a format that a reader may overlook.
const EDGES: [(&str, &[&str]); 4] = [
    (
        "date-time",
        &["1970-01-01T00:00:00Z", "2012-02-29T23:59:59.999999999+05:30", "1900-01-01T00:00:00-11:00"],
    ),
    ("date", &["2012-02-29", "1900-01-01"]),
    ("time", &["00:00:00Z", "23:59:59.999Z"]),
    ("uuid", &["ffffffff-ffff-4fff-bfff-ffffffffffff"]),
];

/// The least and the greatest number of a type of Rust.
const INTEGERS: [(&str, i128, i128); 8] = [
    ("int8", i8::MIN as i128, i8::MAX as i128),
    ("uint8", 0, u8::MAX as i128),
    ("int16", i16::MIN as i128, i16::MAX as i128),
    ("uint16", 0, u16::MAX as i128),
    ("int32", i32::MIN as i128, i32::MAX as i128),
    ("uint32", 0, u32::MAX as i128),
    ("int64", i64::MIN as i128, i64::MAX as i128),
    ("uint64", 0, u64::MAX as i128),
];

fn variants(schema: &Value, root: &Value, depth: usize) -> Vec<Value> {
    let plain = sample_at(schema, root, depth);
    let Some(keywords) = schema.as_object().filter(|_| depth < DEPTH_MAX) else { return vec![plain] };
    let mut variants = vec![plain];
    let all = |keyword: &str| {
        keywords.get(keyword).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    };
    variants.extend(all("enum").iter().chain(all("examples")).cloned());
    if keywords.contains_key("const") {
        return variants;
    }
    if let Some(referred) = keywords.get("$ref").and_then(Value::as_str)
        && let Some(referred) = root.pointer(referred.trim_start_matches('#'))
    {
        variants.extend(self::variants(referred, root, depth + 1));
    }
    let own = objects(keywords, root, depth);
    for choice in all("oneOf").iter().chain(all("anyOf")) {
        for chosen in self::variants(choice, root, depth + 1) {
            variants.push(with(chosen, own.first()));
        }
    }
    for part in all("allOf") {
        for chosen in self::variants(part, root, depth + 1) {
            variants.push(with(chosen, variants.first()));
        }
    }
    let kinds = match keywords.get("type") {
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(kind)) => vec![kind.as_str()],
        _ => Vec::new(),
    };
    for kind in kinds {
        match kind {
            "string" => variants.extend(texts(keywords)),
            "integer" | "number" => variants.extend(numbers(keywords, kind)),
            "boolean" => variants.extend([json!(true), json!(false)]),
            "null" => variants.push(Value::Null),
            "array" => variants.extend(arrays(keywords, root, depth)),
            _ => {}
        }
    }
    variants.extend(own);
    variants.truncate(VARIANTS_MAX);
    variants
}

/// With what may be missing and without, and with each value of each property.
fn objects(keywords: &Map<String, Value>, root: &Value, depth: usize) -> Vec<Value> {
    let mut objects = Vec::new();
    if let Some(properties) = keywords.get("properties").and_then(Value::as_object) {
        let each: Vec<(&String, Vec<Value>)> =
            properties.iter().map(|(name, schema)| (name, variants(schema, root, depth + 1))).collect();
        let full: Map<String, Value> =
            each.iter().map(|(name, variants)| ((*name).clone(), variants[0].clone())).collect();
        objects.push(Value::Object(full.clone()));
        for (name, variants) in each {
            let mut without = full.clone();
            without.remove(name);
            objects.push(Value::Object(without));
            for variant in variants.into_iter().skip(1) {
                let mut object = full.clone();
                object.insert(name.clone(), variant);
                objects.push(Value::Object(object));
            }
        }
    }
    if let Some(values) = keywords.get("additionalProperties").filter(|values| values.is_object()) {
        objects.push(json!({}));
        objects.extend(variants(values, root, depth + 1).into_iter().map(|value| json!({ "1": value })));
    }
    objects
}

fn arrays(keywords: &Map<String, Value>, root: &Value, depth: usize) -> Vec<Value> {
    let mut arrays = vec![json!([])];
    if let Some(items) = keywords.get("items") {
        let items = variants(items, root, depth + 1);
        arrays.push(json!([items[0], items[items.len() - 1]]));
        arrays.extend(items.into_iter().map(|item| json!([item])));
    }
    arrays
}

fn texts(keywords: &Map<String, Value>) -> Vec<Value> {
    let format = keywords.get("format").and_then(Value::as_str);
    if let Some((_, edges)) = EDGES.iter().find(|(name, _)| Some(*name) == format) {
        return edges.iter().map(|&edge| edge.into()).collect();
    }
    // What a pattern takes is known to the plain one; others are made up, and checked.
    let long = "1".repeat(300);
    ["", " ", "é ✈ \"\\\n", &long].into_iter().map(Value::from).collect()
}

fn numbers(keywords: &Map<String, Value>, kind: &str) -> Vec<Value> {
    let bounds = ["minimum", "maximum"].into_iter().filter_map(|bound| keywords.get(bound).cloned());
    let mut numbers: Vec<Value> = bounds.collect();
    let format = keywords.get("format").and_then(Value::as_str);
    if kind == "number" {
        numbers.extend([
            json!(0.0),
            json!(-1.5),
            json!(1e-7),
            json!(if format == Some("float") { 1e38 } else { 1e300 }),
        ]);
        return numbers;
    }
    let (least, greatest) = INTEGERS
        .iter()
        .find(|(name, ..)| Some(*name) == format)
        .map_or((-1, 1_000_000), |&(_, least, greatest)| (least, greatest));
    for number in [0, 1, -1, least, greatest] {
        if (least..=greatest).contains(&number) {
            numbers.extend(
                i64::try_from(number).map(Value::from).or_else(|_| u64::try_from(number).map(Value::from)),
            );
        }
    }
    numbers
}

/// The members of both, where both are objects.
fn with(one: Value, other: Option<&Value>) -> Value {
    match (one, other) {
        (Value::Object(one), Some(Value::Object(other))) => {
            let mut both = other.clone();
            both.extend(one);
            Value::Object(both)
        }
        (one, _) => one,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "required": ["flight", "delay"],
            "properties": {
                "flight": {"$ref": "#/$defs/FlightId"},
                "delay": {"type": "integer", "format": "int32", "maximum": 1000},
                "landing": {"oneOf": [
                    {"type": "object", "required": ["at"], "properties": {"at": {"type": "string", "format": "date-time"}}},
                    {"enum": ["diverted", "cancelled"]},
                    {"type": "null"},
                ]},
                "seats": {"type": "array", "items": {"type": "integer", "format": "uint8"}, "maxItems": 1},
                "note": {"type": ["string", "null"], "minLength": 1},
            },
            "$defs": {"FlightId": {"type": "string", "pattern": "^[A-Z]{2}-[1-9]$"}},
        })
    }

    #[test]
    fn the_first_one_has_what_must_be_there_and_no_more() {
        assert_eq!(samples(&schema())[0], json!({"flight": "AA-1", "delay": 1}));
        assert_eq!(samples(&schema())[0], super::super::sample(&schema()));
    }

    #[test]
    fn has_edges_alternatives_and_what_may_be_missing_and_nothing_that_the_schema_refuses() {
        let schema = schema();
        let samples = samples(&schema);
        let has = |name: &str, value: Value| samples.iter().any(|sample| sample.get(name) == Some(&value));
        assert!(has("delay", json!(i32::MIN)) && has("delay", json!(0)) && has("delay", json!(1000)));
        assert!(!has("delay", json!(i32::MAX)));
        assert!(
            has("landing", json!("diverted"))
                && has("landing", json!("cancelled"))
                && has("landing", Value::Null)
        );
        assert!(has("landing", json!({"at": "1970-01-01T00:00:00Z"})));
        assert!(has("seats", json!([])) && has("seats", json!([255])) && !has("seats", json!([1, 255])));
        assert!(has("note", Value::Null) && has("note", json!("é ✈ \"\\\n")) && !has("note", json!("")));
        assert!(samples.iter().any(|sample| sample.get("landing").is_none() && sample.get("note").is_some()));
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(samples.iter().all(|sample| validator.is_valid(sample)));
        assert!((15..100).contains(&samples.len()), "{}", samples.len());
    }

    #[test]
    fn ends_though_the_schema_refers_to_itself() {
        let next = json!({"anyOf": [{"$ref": "#"}, {"type": "null"}]});
        let schema = json!({"type": "object", "properties": {"next": next, "last": {"type": "boolean"}}});
        assert!((2..=VARIANTS_MAX).contains(&samples(&schema).len()));
    }
}
