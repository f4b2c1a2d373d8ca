//! Which schemas are included in which, keyword by keyword.

use headwater_schema::compat::subset::{Decision, Formats, decide};
use serde_json::{Value, json};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Expected {
    Subset,
    NotSubset,
    Unknown,
}

use Expected::{NotSubset as No, Subset as Yes, Unknown as Open};

/// Checks every row both ways: the first answer is for left in right, the second for right in left.
#[track_caller]
fn check(rows: Vec<(Value, Value, Expected, Expected)>) {
    let mut wrong = Vec::new();
    for (left, right, there, back) in rows {
        for (narrow, wide, expected) in [(&left, &right, there), (&right, &left, back)] {
            let decision = decide(narrow, wide, Formats::Either);
            let found = match decision {
                Decision::Subset => Yes,
                Decision::NotSubset { .. } => No,
                Decision::Unknown { .. } => Open,
            };
            if found != expected {
                wrong.push(format!("{narrow} in {wide}: expected {expected:?}, found {decision:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn types_include_each_other_as_sets_and_integer_is_a_number() {
    check(vec![
        (json!({"type": "integer"}), json!({"type": "number"}), Yes, No),
        (json!({"type": "integer"}), json!({"type": "number", "multipleOf": 1}), Yes, Yes),
        (json!({"type": ["integer", "null"]}), json!({"type": ["number", "null", "string"]}), Yes, No),
        (json!({"type": "string"}), json!({}), Yes, No),
        (json!(false), json!({"type": "null"}), Yes, No),
        (json!(true), json!({}), Yes, Yes),
        (json!({"type": "boolean"}), json!({"enum": [true, false]}), Yes, Yes),
        (json!({"type": ["null", "boolean", "number", "string", "array", "object"]}), json!(true), Yes, Yes),
    ]);
}

#[test]
fn constants_are_compared_as_values() {
    check(vec![
        (json!({"const": 1.0}), json!({"const": 1}), Yes, Yes),
        (json!({"const": {"a": 1, "b": 2}}), json!({"enum": [{"b": 2.0, "a": 1}]}), Yes, Yes),
        (json!({"const": "foo"}), json!({"type": "string", "maxLength": 3}), Yes, No),
        (json!({"const": "foo"}), json!({"pattern": "^f", "type": "string"}), Yes, No),
        (json!({"enum": [1, 2]}), json!({"enum": [2, 1, "x"]}), Yes, No),
        (json!({"enum": [1, "x"], "type": "string"}), json!({"const": "x"}), Yes, Yes),
        (json!({"const": 9_007_199_254_740_993_u64}), json!({"const": 9_007_199_254_740_992_u64}), No, No),
        (
            json!({"const": [1, "a"]}),
            json!({"type": "array", "items": [{"type": "integer"}, {"type": "string"}]}),
            Yes,
            No,
        ),
        (json!({"enum": []}), json!(false), Yes, Yes),
    ]);
}

#[test]
fn bounds_of_numbers_are_intervals() {
    check(vec![
        (json!({"type": "number", "minimum": 5}), json!({"type": "number", "minimum": 4}), Yes, No),
        (json!({"type": "number", "exclusiveMinimum": 5}), json!({"type": "number", "minimum": 5}), Yes, No),
        (
            json!({"type": "integer", "exclusiveMinimum": 4}),
            json!({"type": "integer", "minimum": 5}),
            Yes,
            Yes,
        ),
        (json!({"minimum": 5, "maximum": 4}), json!({"not": {"type": "number"}}), Yes, Yes),
        (json!({"type": "integer", "minimum": 1, "maximum": 3}), json!({"enum": [1, 2, 3]}), Yes, Yes),
        (json!({"type": "number", "maximum": 0.3}), json!({"type": "number", "maximum": 0.1}), No, Yes),
        (json!({"type": "integer"}), json!({"anyOf": [{"minimum": 1}, {"maximum": 0}]}), Yes, No),
        (json!({"type": "number"}), json!({"anyOf": [{"minimum": 1}, {"maximum": 0}]}), No, No),
        (
            json!({"type": "integer", "minimum": 0, "maximum": 4_294_967_295_u64}),
            json!({"type": "integer", "minimum": 0}),
            Yes,
            No,
        ),
    ]);
}

#[test]
fn multiples_are_exact() {
    check(vec![
        (json!({"type": "number", "multipleOf": 6}), json!({"type": "number", "multipleOf": 3}), Yes, No),
        (
            json!({"type": "number", "multipleOf": 0.01}),
            json!({"type": "number", "multipleOf": 0.001}),
            Yes,
            No,
        ),
        (json!({"type": "integer", "multipleOf": 0.5}), json!({"type": "integer"}), Yes, Yes),
        (
            json!({"allOf": [{"multipleOf": 2}, {"multipleOf": 3}], "type": "number"}),
            json!({"type": "number", "multipleOf": 6}),
            Yes,
            Yes,
        ),
        (json!({"type": "integer", "multipleOf": 10, "minimum": 1, "maximum": 9}), json!(false), Yes, Yes),
        (json!({"type": "integer"}), json!({"type": "integer", "not": {"multipleOf": 2}}), No, Yes),
    ]);
}

#[test]
fn strings_have_lengths_in_code_points() {
    check(vec![
        (json!({"type": "string", "minLength": 3}), json!({"type": "string", "minLength": 2}), Yes, No),
        (json!({"type": "string", "maxLength": 3}), json!({"type": "string", "maxLength": 2}), No, Yes),
        (json!({"const": "😀"}), json!({"maxLength": 1, "type": "string"}), Yes, No),
        (json!({"type": "string", "minLength": 3, "maxLength": 2}), json!(false), Yes, Yes),
        (json!({"type": "string", "maxLength": 0}), json!({"const": ""}), Yes, Yes),
    ]);
}

#[test]
fn equal_patterns_include_each_other_and_finite_ones_are_tried() {
    check(vec![
        (json!({"type": "string", "pattern": "^a+$"}), json!({"pattern": "^a+$"}), Yes, No),
        (json!({"type": "string", "pattern": "^a+$"}), json!({"type": "string", "minLength": 1}), Yes, No),
        (
            json!({"type": "string", "pattern": "^[0-9]{4}$"}),
            json!({"type": "string", "maxLength": 4}),
            Yes,
            No,
        ),
        (json!({"enum": ["ab", "aab"]}), json!({"pattern": "^a+b$", "type": "string"}), Yes, No),
        (json!({"type": "string"}), json!({"type": "string", "pattern": "^a"}), No, Yes),
    ]);
}

#[test]
fn formats_are_only_equal_to_themselves() {
    check(vec![
        (json!({"type": "string", "format": "uuid"}), json!({"type": "string"}), Yes, Open),
        (json!({"type": "string", "format": "uuid"}), json!({"format": "uuid"}), Yes, No),
        (
            json!({"type": "string", "format": "uuid"}),
            json!({"type": "string", "format": "date"}),
            Open,
            Open,
        ),
        (json!({"const": "2020-01-01"}), json!({"type": "string", "format": "date"}), Yes, No),
        (
            json!({"type": "integer", "format": "int32"}),
            json!({"type": "integer", "format": "int64"}),
            Open,
            Open,
        ),
        (json!({"type": "object"}), json!({"format": "date"}), Yes, No),
    ]);
}

#[test]
fn formats_count_when_they_are_checked() {
    let decision = decide(&json!({"type": "string"}), &json!({"format": "date"}), Formats::Checked);
    assert!(matches!(decision, Decision::NotSubset { .. }), "{decision:?}");
}

#[test]
fn properties_compare_by_name() {
    check(vec![
        (
            json!({"properties": {"a": {"type": "integer"}}}),
            json!({"properties": {"a": {"type": "number"}}}),
            Yes,
            No,
        ),
        (json!({"required": ["a", "b"]}), json!({"required": ["a"]}), Yes, No),
        (
            json!({"type": "object", "additionalProperties": false, "properties": {"a": {}}}),
            json!({"type": "object", "properties": {"b": {"type": "string"}}}),
            Yes,
            No,
        ),
        (
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            json!({"type": "object", "properties": {"b": {"type": "number"}}}),
            Yes,
            No,
        ),
        (json!({"type": "object", "properties": {"a": false}, "required": ["a"]}), json!(false), Yes, Yes),
        (json!({"type": "object", "required": ["a", "b"]}), json!({"minProperties": 2}), Yes, No),
        (
            json!({"type": "object", "additionalProperties": false, "properties": {"a": {}, "b": {}}}),
            json!({"type": "object", "maxProperties": 2}),
            Yes,
            No,
        ),
        (
            json!({"type": "object", "propertyNames": {"enum": ["a"]}}),
            json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}),
            Yes,
            Yes,
        ),
        (
            json!({"type": "object", "propertyNames": {"maxLength": 3}}),
            json!({"type": "object", "propertyNames": {"maxLength": 4}}),
            Yes,
            No,
        ),
        (
            json!({"type": "object", "patternProperties": {"^a": {"type": "integer"}}}),
            json!({"type": "object", "properties": {"abc": {"type": "number"}}}),
            Yes,
            No,
        ),
        (
            json!({"type": "object", "patternProperties": {"^a": {"type": "integer"}}, "additionalProperties": false}),
            json!({"type": "object", "additionalProperties": {"type": "integer"}}),
            Yes,
            No,
        ),
        (json!({"type": "object", "maxProperties": 0}), json!({"const": {}}), Yes, Yes),
    ]);
}

#[test]
fn dependencies_are_implications() {
    check(vec![
        (json!({"required": ["b"]}), json!({"dependentRequired": {"a": ["b"]}}), Yes, No),
        (
            json!({"dependentRequired": {"a": ["b", "c"]}}),
            json!({"dependentRequired": {"a": ["b"]}}),
            Yes,
            No,
        ),
        (json!({"dependencies": {"a": ["b"], "b": ["c"]}}), json!({"dependencies": {"a": ["c"]}}), Yes, No),
        (
            json!({"dependentSchemas": {"a": {"required": ["b"]}}}),
            json!({"dependentRequired": {"a": ["b"]}}),
            Yes,
            Yes,
        ),
    ]);
}

#[test]
fn items_compare_by_position() {
    check(vec![
        (json!({"items": {"type": "integer"}}), json!({"items": {"type": "number"}}), Yes, No),
        (json!({"prefixItems": [{"type": "string"}], "items": false}), json!({"maxItems": 1}), Yes, No),
        (
            json!({"items": [{"type": "string"}], "additionalItems": false}),
            json!({"maxItems": 1, "items": {"type": "string"}}),
            Yes,
            Yes,
        ),
        (
            json!({"type": "array", "minItems": 3, "items": {"const": 1}}),
            json!({"contains": {"type": "integer"}, "minContains": 2}),
            Yes,
            No,
        ),
        (
            json!({"type": "array", "contains": {"const": 1}, "minContains": 3}),
            json!({"type": "array", "contains": {"type": "number"}, "minContains": 2}),
            Yes,
            No,
        ),
        (json!({"type": "array", "maxItems": 1}), json!({"type": "array", "uniqueItems": true}), Yes, No),
        (
            json!({"type": "array", "items": {"type": "boolean"}, "uniqueItems": true}),
            json!({"type": "array", "maxItems": 2}),
            Yes,
            No,
        ),
        (json!({"type": "array", "minItems": 1, "items": false}), json!(false), Yes, Yes),
        (json!({"type": "array", "items": false}), json!({"const": []}), Yes, Yes),
        (
            json!({"type": "array", "contains": {"type": "string"}}),
            json!({"type": "array", "minItems": 1}),
            Yes,
            No,
        ),
        (
            json!({"type": "array", "maxContains": 1, "contains": {"type": "string"}, "minContains": 0, "items": {"type": "string"}}),
            json!({"type": "array", "maxItems": 1}),
            Yes,
            No,
        ),
    ]);
}

#[test]
fn combinations_are_boolean() {
    check(vec![
        (
            json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
            json!({"type": ["number", "string"]}),
            Yes,
            No,
        ),
        (
            json!({"oneOf": [{"type": "integer"}, {"type": "string"}]}),
            json!({"anyOf": [{"type": "integer"}, {"type": "string"}]}),
            Yes,
            Yes,
        ),
        (json!({"type": "integer"}), json!({"oneOf": [{"type": "integer"}, {"minimum": 2}]}), No, No),
        (
            json!({"allOf": [{"type": "string"}, {"minLength": 2}]}),
            json!({"type": "string", "minLength": 2}),
            Yes,
            Yes,
        ),
        (
            json!({"not": {"type": "string"}}),
            json!({"type": ["null", "boolean", "number", "array", "object"]}),
            Yes,
            Yes,
        ),
        (json!({"not": {"not": {"type": "string"}}}), json!({"type": "string"}), Yes, Yes),
        (json!({"if": {"type": "string"}, "then": {"minLength": 2}}), json!({"minLength": 1}), Yes, No),
        (
            json!({"if": {"properties": {"a": {"const": 1}}, "required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}, "type": "object"}),
            json!({"anyOf": [{"required": ["b"]}, {"required": ["c"]}]}),
            Yes,
            No,
        ),
    ]);
}

#[test]
fn tagged_unions_are_told_apart_by_their_tag() {
    let variant = |tag: &str, more: &str| json!({"type": "object", "required": ["type", more], "properties": {"type": {"const": tag}, more: {"type": "integer"}}});
    let two = json!({"oneOf": [variant("a", "x"), variant("b", "y")]});
    let three = json!({"oneOf": [variant("c", "z"), variant("b", "y"), variant("a", "x")]});
    check(vec![(two.clone(), three.clone(), Yes, No), (variant("b", "y"), three, Yes, No)]);
}

#[test]
fn a_left_side_is_divided_among_the_members_of_a_union() {
    check(vec![
        (
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": ["integer", "string"]}}}),
            json!({"anyOf": [{"type": "object", "properties": {"a": {"type": "integer"}}}, {"type": "object", "properties": {"a": {"type": "string"}}}]}),
            Yes,
            No,
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": ["integer", "string"]}}}),
            json!({"anyOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]}, {"properties": {"a": {"type": "string"}}}]}),
            Yes,
            No,
        ),
        (
            json!({"type": "array", "items": {"type": "integer"}}),
            json!({"anyOf": [{"maxItems": 2}, {"minItems": 3}]}),
            Yes,
            No,
        ),
    ]);
}

#[test]
fn references_are_followed() {
    let list = |item: &str| {
        json!({"$ref": "#/$defs/list", "$defs": {"list": {"type": "object", "required": ["value"],
        "properties": {"value": {"type": item}, "next": {"$ref": "#/$defs/list"}}}}})
    };
    check(vec![
        (list("integer"), list("number"), Yes, No),
        (
            json!({"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#"}}}),
            json!(false),
            Yes,
            Yes,
        ),
        (
            json!({"$ref": "#/definitions/a", "definitions": {"a": {"type": "integer"}}, "$schema": "http://json-schema.org/draft-07/schema#", "minimum": 3}),
            json!({"type": "integer"}),
            Yes,
            Yes,
        ),
        (
            json!({"$ref": "#a", "$defs": {"x": {"$anchor": "a", "type": "integer"}}, "minimum": 3}),
            json!({"type": "integer", "minimum": 3}),
            Yes,
            Yes,
        ),
        (json!({"$ref": "#"}), json!({"type": "integer"}), Open, Open),
        (json!({"$ref": "http://example.com/x"}), json!({}), Open, Open),
        (
            json!({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/a"}]}}}),
            json!({"type": "string"}),
            Open,
            Open,
        ),
    ]);
}

#[test]
fn mutual_recursion_is_proved_by_the_size_of_documents() {
    let tree = |names: [&str; 2]| {
        json!({"$ref": "#/$defs/a", "$defs": {
        "a": {"anyOf": [{"type": "null"}, {"type": "array", "items": {"$ref": "#/$defs/b"}}], "title": names[0]},
        "b": {"type": "object", "additionalProperties": {"$ref": "#/$defs/a"}, "title": names[1]}}})
    };
    let wider = json!({"anyOf": [{"type": ["null", "array", "object"]}], "items": {"$ref": "#"}, "additionalProperties": {"$ref": "#"}});
    check(vec![(tree(["x", "y"]), tree(["v", "w"]), Yes, Yes), (tree(["x", "y"]), wider, Yes, No)]);
}

#[test]
fn drafts_differ_in_what_keywords_mean() {
    let v4 = "http://json-schema.org/draft-04/schema#";
    check(vec![
        (
            json!({"$schema": v4, "type": "number", "minimum": 5, "exclusiveMinimum": true}),
            json!({"type": "number", "exclusiveMinimum": 5}),
            Yes,
            Yes,
        ),
        (json!({"$schema": v4, "type": "integer"}), json!({"type": "integer"}), Yes, Open),
        (json!({"$schema": v4, "const": 1}), json!({}), Yes, Yes),
        (
            json!({"exclusiveMaximum": true, "maximum": 3, "type": "number"}),
            json!({"type": "number", "exclusiveMaximum": 3}),
            Yes,
            Yes,
        ),
    ]);
}

#[test]
fn closed_schemas_with_unevaluated_properties_are_closed() {
    check(vec![
        (
            json!({"type": "object", "properties": {"a": {}}, "unevaluatedProperties": false}),
            json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}),
            Yes,
            Yes,
        ),
        (
            json!({"anyOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}),
            json!({"anyOf": [{"properties": {"a": {}}}], "unevaluatedProperties": false}),
            Yes,
            Yes,
        ),
    ]);
}
