//! Random schemas: an inclusion that is claimed has no counterexample, and every counterexample is one.

use headwater_schema::compat::subset::{Decision, Formats, decide};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Few values, so that random documents often meet random schemas.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2..6_i64).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.5, -0.5, 2.0, 0.1, 0.3]).prop_map(Value::from),
        text().prop_map(Value::from),
    ]
}

fn text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "a", "b", "ab", "aab", "abc", "c", "x0", "2020-01-01", "é"])
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "ab", "c"]).prop_map(str::to_owned)
}

fn pattern() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["^a", "b$", "^a+b?$", "^.{2}$", "^(a|b)$", "a|c", "^[a-c]*$", "^$"])
}

fn document() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn type_name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["null", "boolean", "integer", "number", "string", "array", "object"])
}

fn count() -> impl Strategy<Value = Value> {
    (0..4_u64).prop_map(Value::from)
}

fn bound() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        json!(-1),
        json!(0),
        json!(1),
        json!(2),
        json!(3),
        json!(0.5),
        json!(1.5),
        json!(2.0),
    ])
}

/// One keyword that looks at the value only.
fn assertion() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => type_name().prop_map(|name| json!({ "type": name })),
        2 => prop::collection::vec(type_name(), 1..4).prop_map(|mut names| {
            names.sort_unstable();
            names.dedup();
            json!({ "type": names })
        }),
        2 => document().prop_map(|value| json!({ "const": value })),
        2 => prop::collection::vec(document(), 1..5).prop_map(|values| json!({ "enum": values })),
        1 => bound().prop_map(|bound| json!({ "minimum": bound })),
        1 => bound().prop_map(|bound| json!({ "maximum": bound })),
        1 => bound().prop_map(|bound| json!({ "exclusiveMinimum": bound })),
        1 => bound().prop_map(|bound| json!({ "exclusiveMaximum": bound })),
        1 => prop::sample::select(vec![0.5, 1.0, 2.0, 3.0, 0.1]).prop_map(|of| json!({ "multipleOf": of })),
        1 => count().prop_map(|count| json!({ "minLength": count })),
        1 => count().prop_map(|count| json!({ "maxLength": count })),
        1 => pattern().prop_map(|pattern| json!({ "pattern": pattern })),
        1 => prop::sample::select(vec!["date", "uuid", "int32"]).prop_map(|format| json!({ "format": format })),
        1 => count().prop_map(|count| json!({ "minItems": count })),
        1 => count().prop_map(|count| json!({ "maxItems": count })),
        1 => any::<bool>().prop_map(|unique| json!({ "uniqueItems": unique })),
        1 => count().prop_map(|count| json!({ "minProperties": count })),
        1 => count().prop_map(|count| json!({ "maxProperties": count })),
        2 => prop::collection::btree_set(name(), 0..3).prop_map(|names| json!({ "required": names })),
        1 => (name(), prop::collection::btree_set(name(), 0..3))
            .prop_map(|(name, names)| json!({"dependentRequired": {name: names}})),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![1 => any::<bool>().prop_map(Value::from), 12 => assertion(),
        1 => Just(json!({"$ref": "#/$defs/d"}))];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let map = prop::collection::btree_map(name(), inner.clone(), 0..3).boxed();
        let list = prop::collection::vec(inner.clone(), 1..4);
        let keyword = prop_oneof![
            2 => (map.clone(), prop::collection::btree_set(name(), 0..3), prop::option::of(inner.clone())).prop_map(|(properties, required, more)| {
                let mut schema = json!({"type": "object", "properties": properties, "required": required});
                if let Some(more) = more {
                    schema["additionalProperties"] = more;
                }
                schema
            }),
            2 => map.clone().prop_map(|properties| json!({ "properties": properties })),
            1 => inner.clone().prop_map(|more| json!({ "additionalProperties": more })),
            1 => (map.clone(), prop::collection::btree_map(pattern().prop_map(str::to_owned), inner.clone(), 0..3), inner.clone())
                .prop_map(|(properties, patterns, more)| json!({"properties": properties, "patternProperties": patterns, "additionalProperties": more})),
            1 => inner.clone().prop_map(|names| json!({ "propertyNames": names })),
            1 => (name(), inner.clone()).prop_map(|(name, needed)| json!({"dependentSchemas": {name: needed}})),
            1 => (list.clone(), prop::option::of(inner.clone())).prop_map(|(prefix, rest)| match rest {
                Some(rest) => json!({"prefixItems": prefix, "items": rest}),
                None => json!({ "prefixItems": prefix }),
            }),
            2 => inner.clone().prop_map(|items| json!({"type": "array", "items": items})),
            1 => (inner.clone(), 0..3_u64, prop::option::of(0..3_u64)).prop_map(|(contains, least, most)| match most {
                Some(most) => json!({"contains": contains, "minContains": least, "maxContains": most}),
                None => json!({"contains": contains, "minContains": least}),
            }),
            2 => list.clone().prop_map(|all| json!({ "allOf": all })),
            2 => list.clone().prop_map(|any| json!({ "anyOf": any })),
            2 => list.prop_map(|one| json!({ "oneOf": one })),
            1 => inner.clone().prop_map(|not| json!({ "not": not })),
            1 => (inner.clone(), inner.clone(), inner.clone())
                .prop_map(|(condition, then, otherwise)| json!({"if": condition, "then": then, "else": otherwise})),
            1 => inner.clone().prop_map(|inner| json!({ "unevaluatedProperties": inner })),
            1 => inner.clone().prop_map(|inner| json!({ "unevaluatedItems": inner })),
        ];
        prop::collection::vec(prop_oneof![2 => keyword, 1 => assertion()], 1..4).prop_map(merged)
    })
}

fn merged(parts: Vec<Value>) -> Value {
    let mut schema = Map::new();
    for part in parts {
        if let Value::Object(part) = part {
            schema.extend(part);
        }
    }
    Value::Object(schema)
}

/// The schema with a definition that its references can reach; the definition may refer to itself in its parts.
fn closed(schema: &Value, definition: &Value) -> Value {
    json!({"allOf": [schema], "$defs": {"d": definition}})
}

fn definition() -> impl Strategy<Value = Value> {
    prop_oneof![
        assertion(),
        scalar().prop_map(|value| json!({"anyOf": [{"const": value}, {"type": "array", "items": {"$ref": "#/$defs/d"}}]})),
        name().prop_map(|name| json!({"type": "object", "required": [name.clone()], "properties": {name: {"$ref": "#/$defs/d"}}})),
        (name(), type_name()).prop_map(|(name, kind)| json!({"type": ["object", kind], "additionalProperties": {"$ref": "#/$defs/d"}, "required": [name]})),
        (name(), name()).prop_map(|(one, two)| json!({"type": "object", "properties": {one: {"$ref": "#/$defs/d"}, two: {"type": "integer"}}, "additionalProperties": false})),
    ]
}

/// A schema that differs from another in one place.
fn mutated(schema: &Value, salt: usize, other: &Value) -> Value {
    match schema {
        Value::Object(members) if !members.is_empty() => {
            let index = salt % members.len();
            let mut next = members.clone();
            let Some((key, member)) = members.iter().nth(index) else { return other.clone() };
            match salt / 7 % 4 {
                0 => {
                    next.remove(key);
                }
                1 => {
                    if let Value::Object(other) = other {
                        next.extend(other.clone());
                    }
                }
                _ => {
                    next.insert(key.clone(), mutated_part(member, salt / 11, other));
                }
            }
            Value::Object(next)
        }
        _ => other.clone(),
    }
}

fn mutated_part(part: &Value, salt: usize, other: &Value) -> Value {
    match part {
        Value::Number(number) => json!(number.as_i64().map_or(1, |number| number.unsigned_abs() + 1)),
        Value::Array(items) if !items.is_empty() => {
            let mut next = items.clone();
            let index = salt % items.len();
            if items[index].is_object() {
                next[index] = mutated(&items[index], salt / 3, other);
            } else if items.len() > 1 {
                next.remove(index);
            }
            Value::Array(next)
        }
        Value::Object(members) => {
            let mut next = members.clone();
            if let Some((name, inner)) = members.iter().nth(salt % members.len().max(1))
                && (inner.is_object() || inner.is_boolean())
            {
                next.insert(name.clone(), mutated(inner, salt / 3, other));
            }
            Value::Object(next)
        }
        other => other.clone(),
    }
}

fn related(first: &Value, second: &Value, relation: usize, salt: usize) -> (Value, Value) {
    match relation % 9 {
        0 => (first.clone(), second.clone()),
        1 => (first.clone(), mutated(first, salt, second)),
        2 => (mutated(first, salt, second), first.clone()),
        3 => (first.clone(), json!({"anyOf": [mutated(first, salt, second), second]})),
        4 => (json!({"allOf": [first, second]}), mutated(first, salt, second)),
        5 => (first.clone(), json!({"oneOf": [first, second]})),
        6 => (first.clone(), json!({"not": second})),
        7 => (json!({"allOf": [first, second]}), json!({"oneOf": [first, second, false]})),
        _ => (json!({"anyOf": [first, second]}), json!({"anyOf": [mutated(second, salt, first), first]})),
    }
}

fn validators(schema: &Value) -> Option<[jsonschema::Validator; 2]> {
    let build = |asserted| {
        jsonschema::draft202012::options().should_validate_formats(asserted).offline().build(schema).ok()
    };
    Some([build(true)?, build(false)?])
}

/// Checks one answer against documents; says what is wrong with it.
fn checked(narrow: &Value, wide: &Value, documents: &[Value]) -> Result<Decision, TestCaseError> {
    let decision = decide(narrow, wide, Formats::Either);
    let (Some(narrows), Some(wides)) = (validators(narrow), validators(wide)) else { return Ok(decision) };
    match &decision {
        Decision::Subset => {
            for document in documents {
                for (narrow_validator, wide_validator) in narrows.iter().zip(&wides) {
                    prop_assert!(
                        !narrow_validator.is_valid(document) || wide_validator.is_valid(document),
                        "{narrow} is not in {wide}: {document}"
                    );
                }
            }
        }
        Decision::NotSubset { witness } => {
            for (narrow_validator, wide_validator) in narrows.iter().zip(&wides) {
                prop_assert!(
                    narrow_validator.is_valid(witness) && !wide_validator.is_valid(witness),
                    "{witness} does not tell {narrow} from {wide}"
                );
            }
        }
        Decision::Unknown { .. } => {}
    }
    Ok(decision)
}

/// Documents of the first schema that also meet some others.
fn members(schema: &Value, others: &[Value], definition: &Value) -> Vec<Value> {
    let meets = others.iter().map(|other| json!({"allOf": [schema, other]}));
    let found = meets.map(|both| decide(&closed(&both, definition), &json!(false), Formats::Either));
    found
        .filter_map(|decision| match decision {
            Decision::NotSubset { witness } => Some(witness),
            _ => None,
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_answer_is_wrong(
        first in schema(), second in schema(), definition in definition(), relation in 0..9_usize, salt in 0..10_000_usize,
        others in prop::collection::vec(schema(), 3), mut documents in prop::collection::vec(document(), 40),
    ) {
        let (narrow, wide) = related(&first, &second, relation, salt);
        let (closed_narrow, closed_wide) = (closed(&narrow, &definition), closed(&wide, &definition));
        let decision = decide(&closed_narrow, &closed_wide, Formats::Either);
        if std::env::var_os("SUBSET_TALLY").is_some() {
            println!("TALLY {} {}", relation, match &decision { Decision::Subset => "yes", Decision::NotSubset { .. } => "no", Decision::Unknown { reason } if reason.contains("schema:") || reason.contains("leads back") => "unloaded", _ => "unknown" });
            if let Decision::Unknown { reason } = &decision { println!("UNKNOWN {relation} {} || {} || {reason}", closed_narrow, closed_wide); }
        }
        if decision == Decision::Subset {
            documents.extend(members(&narrow, &others, &definition));
            documents.extend(members(&narrow, &[json!({"not": wide}), wide.clone()], &definition));
        }
        checked(&closed_narrow, &closed_wide, &documents)?;
    }

    #[test]
    fn a_single_value_is_included_exactly_when_it_is_valid(schema in schema(), definition in definition(), value in document()) {
        let schema = closed(&schema, &definition);
        let decision = decide(&json!({"const": value}), &schema, Formats::Either);
        if let Some([on, off]) = validators(&schema) && on.is_valid(&value) == off.is_valid(&value) {
            match decision {
                Decision::Subset => prop_assert!(on.is_valid(&value)),
                Decision::NotSubset { .. } => prop_assert!(!on.is_valid(&value)),
                Decision::Unknown { .. } => {}
            }
        }
    }

    #[test]
    fn what_must_be_included_is_never_refuted(first in schema(), second in schema(), definition in definition()) {
        let both = closed(&json!({"allOf": [first, second]}), &definition);
        let either = closed(&json!({"anyOf": [first, second]}), &definition);
        let first = closed(&first, &definition);
        for (narrow, wide) in [(&first, &first), (&first, &either), (&both, &first), (&both, &either)] {
            let decision = decide(narrow, wide, Formats::Either);
            let refuted = matches!(decision, Decision::NotSubset { .. });
            prop_assert!(!refuted, "{} in {}: {:?}", narrow, wide, decision);
        }
    }
}
