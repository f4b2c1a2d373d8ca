use serde_json::{Map, Value};

use super::subschemas;

/// Keywords that people read, or that only hold what others refer to.
const SILENT: [&str; 13] = [
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "type",
    "writeOnly",
];
/// Keywords whose schemas speak about the same value as the keywords beside them.
const IN_PLACE: [&str; 7] = ["$ref", "allOf", "anyOf", "dependentSchemas", "else", "oneOf", "then"];
/// Keywords under which less may be more, or under which the strings are names that others fix.
const TURNING: [&str; 8] = [
    "$dynamicRef",
    "contains",
    "dependencies",
    "if",
    "not",
    "propertyNames",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Whether a format that `is` unknown stands so that nothing else limits its strings, and that fewer strings for it are
/// fewer documents for the schema.
///
/// Only then do a few sets of strings speak for all: beside a `const` or a `pattern`, one string could be of the format
/// and another not, which no set of a kind shows.
pub(super) fn alone(schema: &Value, is: &dyn Fn(&str) -> bool) -> bool {
    let bears = |schema: &Value| {
        subschemas::any(schema, &mut |keywords| {
            // What a reference leads to isn't looked at here, and may bear one.
            keywords.contains_key("$ref") || unknown(keywords, is)
        })
    };
    !subschemas::any(schema, &mut |keywords| {
        let speaks = |keyword: &str| !SILENT.contains(&keyword) && !keyword.starts_with("x-");
        let spoken = keywords.keys().filter(|keyword| speaks(keyword)).count();
        let in_place = IN_PLACE.iter().filter_map(|keyword| Some((*keyword, keywords.get(*keyword)?)));
        let mut bearing = in_place.filter(|(keyword, value)| *keyword == "$ref" || parts(value).any(&bears));
        let turned =
            TURNING.iter().filter_map(|keyword| keywords.get(*keyword)).any(|value| parts(value).any(&bears));
        let is_overlapping = |value: &Value| {
            value.as_array().is_some_and(|branches| branches.iter().any(&bears) && !are_apart(branches))
        };
        (spoken > 1 && (unknown(keywords, is) || bearing.next().is_some()))
            || keywords
                .get("allOf")
                .and_then(Value::as_array)
                .is_some_and(|all| all.len() > 1 && all.iter().any(&bears))
            || keywords.get("oneOf").is_some_and(is_overlapping)
            || turned
    })
}

fn unknown(keywords: &Map<String, Value>, is: &dyn Fn(&str) -> bool) -> bool {
    keywords.get("format").and_then(Value::as_str).is_some_and(is)
}

/// The schemas that a keyword's value may hold.
fn parts(value: &Value) -> Box<dyn Iterator<Item = &Value> + '_> {
    match value {
        Value::Array(list) => Box::new(list.iter()),
        // A schema, or schemas by name: both are looked through.
        Value::Object(named) => Box::new(std::iter::once(value).chain(named.values())),
        _ => Box::new(std::iter::empty()),
    }
}

/// Whether no document is of two of these, whatever formats mean: each two differ in a constant that both require.
fn are_apart(branches: &[Value]) -> bool {
    let tags = |branch: &Value| -> Vec<(String, Value)> {
        let required = branch["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let tag = |name: &str| Some((name.to_owned(), branch["properties"][name].get("const")?.clone()));
        if branch["type"] == "object" { required.filter_map(tag).collect() } else { Vec::new() }
    };
    let is_text = |branch: &Value| branch["type"] == "string";
    let is_object = |branch: &Value| branch["type"] == "object";
    let closed_without = |one: &Value, other: &Value| {
        one["additionalProperties"] == false
            && one.get("patternProperties").is_none()
            && other["required"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .any(|name| one["properties"].get(name).is_none())
    };
    branches.iter().enumerate().all(|(index, one)| {
        branches[index + 1..].iter().all(|other| {
            let differ = tags(one).iter().any(|(name, value)| {
                tags(other).iter().any(|(same, another)| name == same && value != another)
            });
            let objects = is_object(one) && is_object(other);
            differ
                || (is_text(one) && is_object(other))
                || (is_object(one) && is_text(other))
                || (objects && (closed_without(one, other) || closed_without(other, one)))
        })
    })
}
