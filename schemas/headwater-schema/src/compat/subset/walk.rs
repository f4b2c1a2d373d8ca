//! Where a schema has schemas inside, and where it only has data.

use serde_json::{Map, Value};

const SINGLE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
const LISTS: &[&str] = &["allOf", "anyOf", "items", "oneOf", "prefixItems"];
const MAPS: &[&str] =
    &["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// Keywords that hold schemas in the drafts before 2019-09 only, and since then only.
const OLD: &[&str] = &["additionalItems", "definitions", "dependencies"];
const NEW: &[&str] =
    &["$defs", "dependentSchemas", "prefixItems", "unevaluatedItems", "unevaluatedProperties"];

/// Whether the keyword holds schemas in drafts of the other kind, so that validators may or may not look inside.
pub(super) fn is_of_other_draft(keyword: &str, new: bool) -> bool {
    (if new { OLD } else { NEW }).contains(&keyword)
}

/// The schemas directly inside one, with the reference tokens that lead to each.
pub(super) fn inner_schemas(schema: &Map<String, Value>) -> Vec<(Vec<String>, &Value)> {
    let mut inner = Vec::new();
    for (keyword, value) in schema {
        let keyword = keyword.as_str();
        match value {
            Value::Object(_) | Value::Bool(_) if SINGLE.contains(&keyword) => {
                inner.push((vec![keyword.to_owned()], value));
            }
            Value::Array(list) if LISTS.contains(&keyword) => {
                for (index, item) in list.iter().enumerate() {
                    inner.push((vec![keyword.to_owned(), index.to_string()], item));
                }
            }
            Value::Object(map) if MAPS.contains(&keyword) => {
                for (name, item) in map {
                    if item.is_object() || item.is_boolean() {
                        inner.push((vec![keyword.to_owned(), name.clone()], item));
                    }
                }
            }
            _ => {}
        }
    }
    inner
}

/// Calls `visit` with every schema object at or inside `schema`, and the reference tokens that lead there.
pub(super) fn each_schema<'a>(schema: &'a Value, visit: &mut impl FnMut(&[String], &'a Map<String, Value>)) {
    let mut open = vec![(Vec::new(), schema)];
    while let Some((path, schema)) = open.pop() {
        let Value::Object(object) = schema else { continue };
        visit(&path, object);
        for (tokens, inner) in inner_schemas(object) {
            let mut path = path.clone();
            path.extend(tokens);
            open.push((path, inner));
        }
    }
}

/// How deeply the value is nested, found without recursion.
pub(super) fn nesting(value: &Value) -> usize {
    let mut deepest = 0;
    let mut open = vec![(value, 1)];
    while let Some((value, depth)) = open.pop() {
        deepest = deepest.max(depth);
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|member| (member, depth + 1))),
            _ => {}
        }
    }
    deepest
}
