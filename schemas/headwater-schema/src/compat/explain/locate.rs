use serde_json::{Map, Value};

use super::super::semantics::resolve;

/// The schemas that speak of a place in a document.
///
/// Of alternatives only those count whose tag the document has.
pub(super) fn locate<'s>(root: &'s Value, pointer: &str, document: &Value) -> Vec<&'s Value> {
    let mut schemas = vec![root];
    let mut here = Some(document);
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        let mut next = Vec::new();
        for schema in schemas {
            for applied in applied(root, schema, here) {
                next.extend(step(applied, &token));
            }
        }
        schemas = next;
        here = here.and_then(|value| match value {
            Value::Object(members) => members.get(&token),
            Value::Array(items) => token.parse::<usize>().ok().and_then(|index| items.get(index)),
            _ => None,
        });
    }
    schemas
}

/// The schema's own keywords, and those of what applies with it.
fn applied<'s>(root: &'s Value, schema: &'s Value, document: Option<&Value>) -> Vec<&'s Map<String, Value>> {
    const DEPTH_MAX: usize = 16;
    fn walk<'s>(
        root: &'s Value,
        schema: &'s Value,
        document: Option<&Value>,
        depth: usize,
        into: &mut Vec<&'s Map<String, Value>>,
    ) {
        let Value::Object(keywords) = schema else { return };
        into.push(keywords);
        if depth == DEPTH_MAX {
            return;
        }
        if let Some(target) = keywords.get("$ref").and_then(Value::as_str).and_then(|to| resolve(root, to)) {
            walk(root, target, document, depth + 1, into);
        }
        for union in ["allOf", "anyOf", "oneOf"] {
            let branches = keywords.get(union).and_then(Value::as_array).into_iter().flatten();
            for branch in branches {
                if union == "allOf" || document.is_none_or(|document| may_be(root, branch, document)) {
                    walk(root, branch, document, depth + 1, into);
                }
            }
        }
    }
    let mut into = Vec::new();
    walk(root, schema, document, 0, &mut into);
    into
}

/// Whether a branch is not plainly another one than the document's: by its type, or by a constant.
fn may_be(root: &Value, branch: &Value, document: &Value) -> bool {
    let Value::Object(keywords) = branch else { return *branch != Value::Bool(false) };
    let of_type = |name: &str| match name {
        "null" => document.is_null(),
        "boolean" => document.is_boolean(),
        "integer" | "number" => document.is_number(),
        "string" => document.is_string(),
        "array" => document.is_array(),
        _ => document.is_object(),
    };
    let type_fits = match keywords.get("type") {
        Some(Value::String(name)) => of_type(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(of_type),
        _ => true,
    };
    let constant_fits = keywords.get("const").is_none_or(|constant| constant == document);
    let properties = keywords.get("properties").and_then(Value::as_object);
    let tags_fit = properties.into_iter().flatten().all(|(name, schema)| {
        match (document.get(name), schema.get("const")) {
            (Some(value), Some(constant)) => value == constant,
            _ => true,
        }
    });
    let target = keywords.get("$ref").and_then(Value::as_str).and_then(|to| resolve(root, to));
    // One level is enough to tell a `null` from a type.
    let target_fits = target.is_none_or(|target| match target.get("type") {
        Some(Value::String(name)) => of_type(name),
        _ => true,
    });
    type_fits && constant_fits && tags_fit && target_fits
}

fn step<'s>(keywords: &'s Map<String, Value>, token: &str) -> Vec<&'s Value> {
    if let Some(schema) = keywords.get("properties").and_then(|all| all.get(token)) {
        return vec![schema];
    }
    if let Some(schema) = alias(keywords, token) {
        return vec![schema];
    }
    let mut found = Vec::new();
    if let Ok(index) = token.parse::<usize>() {
        let list = |keyword: &str| keywords.get(keyword).and_then(Value::as_array);
        let placed = list("prefixItems").or_else(|| list("items"));
        match placed.and_then(|placed| placed.get(index)) {
            Some(schema) => found.push(schema),
            None => {
                let rest = ["items", "additionalItems"].iter().filter_map(|keyword| keywords.get(*keyword));
                found.extend(rest.filter(|schema| !schema.is_array()).take(1));
            }
        }
    }
    if found.is_empty() {
        let patterns = keywords.get("patternProperties").and_then(Value::as_object);
        found.extend(patterns.into_iter().flat_map(|patterns| patterns.values()));
        let rest = ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .filter_map(|keyword| keywords.get(*keyword));
        found.extend(rest.filter(|schema| **schema != Value::Bool(false)));
    }
    found
}

/// The property that is also read under this name.
fn alias<'s>(keywords: &'s Map<String, Value>, name: &str) -> Option<&'s Value> {
    let properties = keywords.get("properties")?.as_object()?;
    properties.values().find(|schema| {
        let aliases = schema.get("x-serde-alias").and_then(Value::as_array);
        aliases.is_some_and(|aliases| aliases.iter().any(|alias| alias == name))
    })
}
