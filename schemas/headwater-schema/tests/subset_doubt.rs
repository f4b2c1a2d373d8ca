//! Where validators, drafts or dialects differ, nothing is claimed that only some of them would confirm.

use headwater_schema::compat::subset::{Decision, Formats, decide};
use serde_json::{Value, json};

#[derive(Debug, PartialEq)]
enum Answer {
    Yes,
    No,
    Open,
}

use Answer::{No, Open, Yes};

fn answer(narrow: &Value, wide: &Value) -> Answer {
    match decide(narrow, wide, Formats::Either) {
        Decision::Subset => Yes,
        Decision::NotSubset { .. } => No,
        Decision::Unknown { .. } => Open,
    }
}

#[track_caller]
fn check(cases: impl IntoIterator<Item = (Value, Value, Answer)>) {
    for (narrow, wide, expected) in cases {
        assert_eq!(answer(&narrow, &wide), expected, "{narrow} in {wide}");
    }
}

fn draft(name: &str, mut schema: Value) -> Value {
    schema["$schema"] = match name {
        "2019-09" | "2020-12" => json!(format!("https://json-schema.org/draft/{name}/schema")),
        _ => json!(format!("http://json-schema.org/draft-{name}/schema#")),
    };
    schema
}

#[test]
fn a_format_that_the_validator_does_not_check_proves_nothing() {
    let idn = json!({"format": "idn-email"});
    check([
        (json!({"const": "2962"}), idn.clone(), Open),
        (json!({"const": "2962"}), json!({"not": {"format": "idn-email"}}), Open),
        (json!({"const": 12}), idn.clone(), Yes),
        (idn.clone(), idn, Yes),
        // Neither is a `uuid` known in draft 7.
        (draft("07", json!({"const": "a"})), draft("07", json!({"format": "uuid"})), Open),
        (draft("07", json!({"format": "uuid"})), draft("2020-12", json!({"format": "uuid"})), Open),
    ]);
}

#[test]
fn a_witness_meets_a_format_whether_or_not_it_is_checked() {
    let object = |properties: Value| json!({"type": "object", "properties": properties, "required": ["id"]});
    let id = json!({"type": "string", "format": "uuid"});
    check([
        (object(json!({"id": id})), object(json!({"id": id, "more": {"type": "string"}})), No),
        (id.clone(), json!({"maxLength": 35}), No),
        (id, json!({"type": "string", "format": "date"}), Open),
    ]);
}

#[test]
fn multiples_that_a_binary_fraction_misses_are_not_relied_upon() {
    check([
        (json!({"type": "integer", "multipleOf": 3}), json!({"multipleOf": 0.3}), Open),
        (json!({"type": "number", "multipleOf": 6}), json!({"multipleOf": 1.5}), Yes),
        (json!({"type": "number", "multipleOf": 0.01}), json!({"multipleOf": 0.001}), Yes),
        (json!({"type": "number", "multipleOf": 0.3}), json!({"multipleOf": 0.3}), Yes),
    ]);
}

#[test]
fn patterns_that_the_dialects_read_differently_are_not_relied_upon() {
    for pattern in [r"\<", r"a{,2}", r"^\s+$", r"^\p{L}$", r"(?i)a", r"[a&&b]", r"\bfoo"] {
        let exact = json!({"type": "string", "pattern": pattern});
        assert_ne!(answer(&exact, &exact), No, "{pattern}");
        let negated = json!({"type": "string", "not": {"pattern": pattern}});
        assert_ne!(answer(&json!({"type": "string", "pattern": "^[b-y]{3}$"}), &negated), Yes, "{pattern}");
    }
}

#[test]
fn an_identifier_inside_changes_what_a_reference_is_relative_to() {
    let schema = json!({"$id": "https://example.org/root", "$defs": {"a": {"type": "string"},
        "inner": {"$id": "inner", "$defs": {"a": {"type": "integer"}}, "$anchor": "here", "$ref": "#/$defs/a"}},
        "anyOf": [{"$ref": "inner#here"}, {"$ref": "https://example.org/inner#/$defs/a"}]});
    check([
        (schema.clone(), json!({"type": "integer"}), Yes),
        (schema, json!({"type": "string"}), No),
        // Beside a reference, an identifier counts for some.
        (
            draft(
                "07",
                json!({"properties": {"a": {"$id": "https://example.org/other", "$ref": "#/definitions/a"}}, "definitions": {"a": {}}}),
            ),
            json!(false),
            Open,
        ),
        // Where no schema is expected, an identifier counts for some.
        (
            json!({"$ref": "#/x", "x": {"$id": "other", "$ref": "#/$defs/a", "$defs": {"a": {"type": "string"}}}, "$defs": {"a": {"type": "integer"}}}),
            json!({"type": "integer"}),
            Open,
        ),
    ]);
}

#[test]
fn a_dynamic_reference_that_could_lead_to_two_places_is_not_followed() {
    let list = |more: Value| {
        json!({"$id": "https://example.org/root", "$ref": "list", "$defs": {"more": more,
            "list": {"$id": "list", "type": "array", "items": {"$dynamicRef": "#item"},
                "$defs": {"item": {"$dynamicAnchor": "item", "type": "integer"}}}}})
    };
    let integers = json!({"type": "array", "items": {"type": "integer"}});
    check([
        (list(json!(true)), integers.clone(), Yes),
        (list(json!({"$dynamicAnchor": "item", "type": "string"})), integers, Open),
    ]);
}

#[test]
fn what_is_beside_a_reference_needs_a_draft() {
    let schema = json!({"$ref": "#/definitions/a", "maximum": 2, "definitions": {"a": {"type": "integer"}}});
    let small = json!({"maximum": 2});
    check([
        (schema.clone(), small.clone(), Open),
        (draft("2020-12", schema.clone()), small.clone(), Yes),
        (draft("07", schema), small, No),
    ]);
}

#[test]
fn what_nothing_looks_at_depends_on_the_branches_that_hold() {
    let schema = json!({"type": "object", "properties": {"id": {"type": "string"}},
        "oneOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"$ref": "#/$defs/b"}],
        "$defs": {"b": {"properties": {"b": {"type": "integer"}}, "required": ["b"]}}, "unevaluatedProperties": false});
    let closed = |names: Value| json!({"type": "object", "propertyNames": {"enum": names}});
    check([
        (schema.clone(), closed(json!(["id", "a", "b"])), Yes),
        (schema.clone(), closed(json!(["id", "a"])), No),
        (schema.clone(), json!({"not": {"required": ["a", "b"]}}), Yes),
        (json!({"const": {"id": "", "a": 1}}), schema.clone(), Yes),
        (
            json!({"type": "object", "properties": {"id": {"type": "string"}, "a": {"type": "integer"}}, "required": ["a"], "additionalProperties": false}),
            schema,
            Yes,
        ),
    ]);
    let items = json!({"prefixItems": [true], "if": {"minItems": 3}, "then": {"prefixItems": [true, true]}, "unevaluatedItems": {"type": "integer"}});
    check([
        (items.clone(), json!({"maxItems": 1}), No),
        (json!({"const": [null, null, 1]}), items.clone(), Yes),
        (json!({"const": [null, null]}), items.clone(), No),
        (json!({"type": "array", "maxItems": 2, "prefixItems": [true, {"type": "integer"}]}), items, Yes),
    ]);
}
