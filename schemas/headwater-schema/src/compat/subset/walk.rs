//! The schemas inside a schema.

use serde_json::{Map, Value};

use crate::keywords::{LIST, NAMED, ONE};

/// The schemas directly inside one, with the reference tokens that lead to each.
pub(super) fn inner_schemas(schema: &Map<String, Value>) -> Vec<(Vec<String>, &Value)> {
    let mut inner = Vec::new();
    for (keyword, value) in schema {
        let keyword = keyword.as_str();
        match value {
            Value::Object(_) | Value::Bool(_) if ONE.contains(&keyword) => {
                inner.push((vec![keyword.to_owned()], value));
            }
            Value::Array(list) if LIST.contains(&keyword) => {
                for (index, item) in list.iter().enumerate() {
                    inner.push((vec![keyword.to_owned(), index.to_string()], item));
                }
            }
            Value::Object(map) if NAMED.contains(&keyword) => {
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
