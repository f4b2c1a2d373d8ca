use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use serde_json::{Map, Value, json};

use super::{reference, subschemas};

/// Closes the objects of what a writer writes: they hold the properties that are named for them, and no others.
///
/// A property is named, or required, for an object by any schema that applies to it: the one with the object's own properties, what that
/// refers to, and the branches of `allOf`, `anyOf` and `oneOf` beside it, as schemars writes a flattened field. A branch is
/// closed to its own names and those around it. An object of which more is said, with `patternProperties`, a map's
/// `additionalProperties` or a constant, is left as it is written; closing too little makes an answer less precise, and too much would
/// make it wrong.
pub(super) fn closed(root: &Value) -> Value {
    if is_beyond(root) {
        return root.clone();
    }
    let mut closing = Closing { root, names: BTreeMap::new(), definitions: Map::new() };
    let mut schema = closing.close(root, &Names::none());
    if let (Value::Object(keywords), false) = (&mut schema, closing.definitions.is_empty()) {
        keywords.insert("$defs".to_owned(), Value::Object(closing.definitions));
    }
    schema
}

/// The names of an object's properties; `None` if there may be any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Names(Option<BTreeSet<String>>);

impl Names {
    const ANY: Self = Self(None);

    fn none() -> Self {
        Self(Some(BTreeSet::new()))
    }

    fn and(self, other: Self) -> Self {
        Self(self.0.zip(other.0).map(|(mut names, more)| {
            names.extend(more);
            names
        }))
    }
}

struct Closing<'s> {
    root: &'s Value,
    /// What a definition is called when it is closed within these names.
    names: BTreeMap<(String, Names), String>,
    definitions: Map<String, Value>,
}

/// Keywords under which nothing is closed: they apply under a condition, or count, or deny.
const AS_WRITTEN: [&str; 8] =
    ["not", "if", "then", "else", "contains", "dependentSchemas", "dependencies", "propertyNames"];

/// Keywords that speak of an object's properties in other ways than by naming them, so that there may be any.
const SAY_MORE: [&str; 10] = [
    "dependencies",
    "dependentRequired",
    "dependentSchemas",
    "if",
    "maxProperties",
    "minProperties",
    "not",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
];

/// A schema that can't be taken apart by following its references.
fn is_beyond(root: &Value) -> bool {
    let mut top = true;
    subschemas::any(root, &mut |keywords| {
        let names_itself =
            !mem::take(&mut top) && ["$id", "id"].iter().any(|key| keywords.contains_key(*key));
        names_itself
            || ["$anchor", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor"]
                .iter()
                .any(|keyword| keywords.contains_key(*keyword))
            || keywords.get("$ref").is_some_and(|target| {
                target.as_str().and_then(|target| reference::resolve(root, target)).is_none()
            })
            || AS_WRITTEN.iter().filter_map(|keyword| keywords.get(*keyword)).any(refers)
    })
}

fn refers(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.contains_key("$ref") || members.values().any(refers),
        Value::Array(items) => items.iter().any(refers),
        _ => false,
    }
}

impl<'s> Closing<'s> {
    /// `around` are the names that apply to the same object from outside of this schema.
    fn close(&mut self, schema: &Value, around: &Names) -> Value {
        let Value::Object(keywords) = schema else { return schema.clone() };
        let own = own_names(keywords);
        let branches = self.branches(keywords);
        let beside = |of: &Branch<'_>| {
            let others = branches.iter().filter(|other| !other.excludes(of));
            others.fold(around.clone().and(own.clone()), |names, other| names.and(other.names.clone()))
        };
        let everything = branches
            .iter()
            .fold(around.clone().and(own.clone()), |names, each| names.and(each.names.clone()));

        let mut out = Map::new();
        for (keyword, value) in keywords {
            let closed = match (keyword.as_str(), value) {
                ("$defs" | "definitions", _) => continue,
                ("$ref", Value::String(target)) => {
                    let around = branches.iter().find(|branch| branch.keyword == "$ref").map(beside);
                    json!(self.definition(target, around.unwrap_or(Names::ANY)))
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => {
                    let of_list = branches.iter().filter(|branch| branch.keyword == keyword);
                    let around: Vec<_> = of_list.map(beside).collect();
                    list.iter().zip(&around).map(|(schema, around)| self.close(schema, around)).collect()
                }
                ("properties" | "patternProperties", Value::Object(named)) => {
                    let each = named.iter();
                    let each = each.map(|(name, schema)| (name.clone(), self.close(schema, &Names::none())));
                    Value::Object(each.collect())
                }
                ("items" | "prefixItems", Value::Array(list)) => {
                    list.iter().map(|schema| self.close(schema, &Names::none())).collect()
                }
                (
                    "items"
                    | "additionalItems"
                    | "unevaluatedItems"
                    | "additionalProperties"
                    | "unevaluatedProperties",
                    schema,
                ) => self.close(schema, &Names::none()),
                (_, value) => value.clone(),
            };
            out.insert(keyword.clone(), closed);
        }

        let says_object = is_object(keywords);
        if let (true, Names(Some(names))) = (says_object, everything)
            && !keywords.contains_key("additionalProperties")
        {
            out.insert("additionalProperties".to_owned(), Value::Bool(false));
            let properties = out.entry("properties").or_insert_with(|| json!({}));
            if let Value::Object(properties) = properties {
                for name in names {
                    properties.entry(name).or_insert(Value::Bool(true));
                }
            }
        }
        Value::Object(out)
    }

    /// The name of the closed form of what is referred to, which is made at the first call.
    fn definition(&mut self, target: &str, around: Names) -> String {
        let key = (target.to_owned(), around);
        if let Some(name) = self.names.get(&key) {
            return format!("#/$defs/{name}");
        }
        let Some(schema) = reference::resolve(self.root, target) else { return target.to_owned() };
        let last = target.rsplit(['/', '#']).next().filter(|last| !last.is_empty()).unwrap_or("root");
        let last: String =
            last.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
        let name = format!("{last}.{}", self.names.len());
        self.names.insert(key.clone(), name.clone());
        let closed = self.close(schema, &key.1);
        self.definitions.insert(name.clone(), closed);
        format!("#/$defs/{name}")
    }

    /// The schemas that apply to the same object as this one.
    fn branches<'k>(&self, keywords: &'k Map<String, Value>) -> Vec<Branch<'k>> {
        let mut branches = Vec::new();
        for (keyword, value) in keywords {
            match (keyword.as_str(), value) {
                ("$ref", Value::String(_)) => {
                    let alone: Map<_, _> = [(keyword.clone(), value.clone())].into_iter().collect();
                    let names = self.all_names(&Value::Object(alone), &mut BTreeSet::new());
                    branches.push(Branch { keyword, position: 0, names });
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => {
                    for (position, schema) in list.iter().enumerate() {
                        let names = self.all_names(schema, &mut BTreeSet::new());
                        branches.push(Branch { keyword, position, names });
                    }
                }
                _ => {}
            }
        }
        branches
    }

    /// The names that a schema and all that apply with it have for an object.
    fn all_names(&self, schema: &Value, seen: &mut BTreeSet<String>) -> Names {
        let Value::Object(keywords) = schema else { return Names::none() };
        let mut names = own_names(keywords);
        for (keyword, value) in keywords {
            match (keyword.as_str(), value) {
                ("$ref", Value::String(target)) if seen.insert(target.clone()) => {
                    let Some(schema) = reference::resolve(self.root, target) else { return Names::ANY };
                    names = names.and(self.all_names(schema, seen));
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(list)) => {
                    for schema in list {
                        names = names.and(self.all_names(schema, seen));
                    }
                }
                _ => {}
            }
        }
        names
    }
}

/// A schema that applies together with the one that holds it.
struct Branch<'k> {
    keyword: &'k str,
    position: usize,
    names: Names,
}

impl Branch<'_> {
    /// Whether an object of the other branch needs no names of this one: it is the same, or an alternative to it.
    fn excludes(&self, other: &Branch<'_>) -> bool {
        self.keyword == other.keyword && (self.position == other.position || self.keyword != "allOf")
    }
}

fn own_names(keywords: &Map<String, Value>) -> Names {
    let listed = keywords.get("enum").and_then(Value::as_array).into_iter().flatten();
    let open = SAY_MORE.iter().any(|keyword| keywords.contains_key(*keyword))
        || listed.chain(keywords.get("const")).any(Value::is_object)
        || keywords.get("additionalProperties").is_some_and(|value| *value != Value::Bool(false));
    if open {
        return Names::ANY;
    }
    let properties = keywords.get("properties").and_then(Value::as_object);
    let mut names: BTreeSet<String> = properties.into_iter().flat_map(|all| all.keys().cloned()).collect();
    // What must be there is there, even if nothing is said of its value.
    let required = keywords.get("required").and_then(Value::as_array);
    names.extend(required.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    Names(Some(names))
}

fn is_object(keywords: &Map<String, Value>) -> bool {
    match keywords.get("type") {
        None => keywords.contains_key("properties"),
        Some(Value::String(name)) => name == "object",
        Some(Value::Array(names)) => names.iter().any(|name| name == "object"),
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_struct_holds_its_fields_and_no_others() {
        let schema = json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/B"}},
            "$defs": {"B": {"type": "object", "properties": {"b": {"type": "string"}}}}});
        assert_eq!(
            closed(&schema),
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/B.0"}}, "additionalProperties": false,
                "$defs": {"B.0": {"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": false}}})
        );
    }

    #[test]
    fn the_branches_of_a_flattened_enum_hold_the_names_around_them() {
        let schema = json!({"type": "object", "properties": {"id": {"type": "string"}},
            "oneOf": [{"properties": {"A": {"type": "null"}}}, {"properties": {"B": {"type": "null"}}}]});
        let closed = closed(&schema);
        assert_eq!(closed["oneOf"][0]["properties"], json!({"A": {"type": "null"}, "id": true}));
        assert_eq!(closed["oneOf"][1]["additionalProperties"], json!(false));
        assert_eq!(closed["properties"], json!({"id": {"type": "string"}, "A": true, "B": true}));
    }

    #[test]
    fn a_map_stays_open_and_so_does_what_is_beside_it() {
        for map in ["additionalProperties", "unevaluatedProperties"] {
            let schema = json!({"type": "object", "properties": {"id": {"type": "string"}},
                "oneOf": [{"properties": {"A": {"type": "null"}}}], map: {"type": "integer"}});
            assert_eq!(closed(&schema), schema);
        }
    }

    #[test]
    fn a_recursive_type_is_closed_at_every_depth() {
        let schema =
            json!({"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}});
        let closed = closed(&schema);
        assert_eq!(closed["properties"]["kids"]["items"], json!({"$ref": "#/$defs/root.0"}));
        assert_eq!(closed["$defs"]["root.0"]["additionalProperties"], json!(false));
    }

    #[test]
    fn what_must_be_there_is_not_closed_out() {
        let schema = json!({"type": "object", "required": ["a"]});
        assert_eq!(closed(&schema)["properties"], json!({"a": true}));
        for (keyword, value) in [("const", json!({"a": 1})), ("minProperties", json!(1))] {
            let schema = json!({"type": "object", keyword: value});
            assert_eq!(closed(&schema), schema);
        }
    }

    #[test]
    fn what_has_a_condition_stays_as_it_is_written() {
        let schema = json!({"type": "object", "properties": {"a": {}}, "if": {"required": ["a"]},
            "then": {"properties": {"b": {"type": "object", "properties": {}}}}});
        assert_eq!(closed(&schema), schema);
    }
}
