use serde_json::{Map, Value};

/// Keywords that hold a schema.
const ONE: [&str; 14] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    // Of draft 3, and nothing since.
    "disallow",
    "extends",
];
/// Keywords that hold a list of schemas.
const LIST: [&str; 5] = ["allOf", "anyOf", "items", "oneOf", "prefixItems"];
/// Keywords that hold schemas by name.
const NAMED: [&str; 6] =
    ["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// Shows every schema within this one, and the schema itself last.
pub(super) fn each(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(keywords) = schema else { return };
    for (keyword, value) in keywords.iter_mut() {
        match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                named.values_mut().for_each(|schema| each(schema, change));
            }
            Value::Array(list) if LIST.contains(&keyword.as_str()) => {
                list.iter_mut().for_each(|schema| each(schema, change));
            }
            value if ONE.contains(&keyword.as_str()) => each(value, change),
            _ => {}
        }
    }
    change(keywords);
}

/// Whether any schema within this one, or itself, is like that.
pub(super) fn any(schema: &Value, is: &mut impl FnMut(&Map<String, Value>) -> bool) -> bool {
    let Value::Object(keywords) = schema else { return false };
    is(keywords)
        || keywords.iter().any(|(keyword, value)| match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                named.values().any(|schema| any(schema, is))
            }
            Value::Array(list) if LIST.contains(&keyword.as_str()) => {
                list.iter().any(|schema| any(schema, is))
            }
            value if ONE.contains(&keyword.as_str()) => any(value, is),
            _ => false,
        })
}
