use serde_json::{Map, Value, json};

use super::subschemas;

const ALIAS: &str = "x-serde-alias";
const OTHER: &str = "x-serde-other";
const TAG: &str = "x-serde-tag";

/// Writes out what a reader takes beyond its schema: aliases, and tags that it doesn't know.
///
/// serde leaves no trace of `#[serde(alias)]` and `#[serde(other)]` in a schema, so they are carried as annotations.
pub(super) fn tolerate(schema: &mut Value) {
    subschemas::each(schema, &mut |keywords| {
        take_other(keywords);
        take_variant_aliases(keywords);
        take_property_aliases(keywords);
    });
}

/// A field may come under one of its names, and no two of them: serde calls that a duplicate.
fn take_property_aliases(keywords: &mut Map<String, Value>) {
    let Some(Value::Object(properties)) = keywords.get("properties") else { return };
    let mut renamed: Vec<(String, Vec<String>, Value)> = Vec::new();
    for (name, schema) in properties {
        let mut aliases = aliases(schema);
        aliases.retain(|alias| {
            !properties.contains_key(alias) && !renamed.iter().any(|(_, taken, _)| taken.contains(alias))
        });
        if !aliases.is_empty() {
            renamed.push((name.clone(), aliases, schema.clone()));
        }
    }

    for (name, aliases, schema) in renamed {
        if let Some(Value::Object(properties)) = keywords.get_mut("properties") {
            properties.extend(aliases.iter().map(|alias| (alias.clone(), schema.clone())));
        }
        let mut is_required = false;
        if let Some(Value::Array(required)) = keywords.get_mut("required") {
            let before = required.len();
            required.retain(|other| *other != name);
            is_required = required.len() < before;
        }
        let names: Vec<_> = std::iter::once(name).chain(aliases).collect();
        let only = |chosen: Option<&String>| {
            let others = names.iter().filter(|name| Some(*name) != chosen);
            let absent: Map<_, _> = others.map(|name| (name.clone(), json!(false))).collect();
            match chosen {
                Some(chosen) => json!({"properties": absent, "required": [chosen]}),
                None => json!({"properties": absent}),
            }
        };
        let mut choices: Vec<_> = names.iter().map(|name| only(Some(name))).collect();
        if !is_required {
            choices.push(only(None));
        }
        // Beside what isn't an object, the choice says nothing.
        let choice = json!({"anyOf": choices});
        match keywords.entry("allOf").or_insert_with(|| json!([])) {
            Value::Array(all) => all.push(choice),
            _ => return,
        }
    }
}

fn take_variant_aliases(keywords: &mut Map<String, Value>) {
    for union in ["oneOf", "anyOf"] {
        let tag = tag(keywords);
        let Some(Value::Array(variants)) = keywords.get_mut(union) else { continue };
        let known: Vec<_> = variants.iter().flat_map(|variant| tags(variant, tag.as_deref())).collect();
        let mut added = Vec::new();
        for variant in variants.iter_mut() {
            let aliases: Vec<_> =
                aliases(variant).into_iter().filter(|alias| !known.contains(alias)).collect();
            let Value::Object(variant) = variant else { continue };
            if aliases.is_empty() {
                continue;
            }
            if let Some(tag) = &tag {
                if let Some(values) = variant.get_mut("properties").and_then(|all| all.get_mut(tag)) {
                    widen(values, &aliases);
                }
            } else if variant.contains_key("const") {
                let mut values = Value::Object(std::mem::take(variant));
                widen(&mut values, &aliases);
                if let Value::Object(widened) = values {
                    *variant = widened;
                }
            } else if let Some((name, schema)) = only_property(variant) {
                for alias in aliases {
                    let mut other = variant.clone();
                    let mut properties = Map::new();
                    properties.insert(alias.clone(), schema.clone());
                    other.insert("properties".to_owned(), Value::Object(properties));
                    other.insert("required".to_owned(), json!([alias]));
                    other.remove(ALIAS);
                    debug_assert_ne!(alias, name);
                    added.push(Value::Object(other));
                }
            }
        }
        variants.extend(added);
    }
}

/// A tag that no other variant has is taken for the variant with `#[serde(other)]`, whatever comes with it.
fn take_other(keywords: &mut Map<String, Value>) {
    let on_enum = keywords.get(OTHER) == Some(&Value::Bool(true));
    if on_enum && keywords.get("type").is_some_and(|name| name == "string") {
        keywords.remove("enum");
        keywords.remove("const");
        return;
    }
    for union in ["oneOf", "anyOf"] {
        let Some(Value::Array(variants)) = keywords.get(union) else { continue };
        let on_variant = variants.iter().position(|variant| variant.get(OTHER) == Some(&Value::Bool(true)));
        if !on_enum && on_variant.is_none() {
            continue;
        }
        let tag = tag(keywords);
        let others = variants.iter().enumerate().filter(|(position, _)| Some(*position) != on_variant);
        let others: Vec<_> = others.map(|(_, variant)| variant).collect();
        let known: Vec<_> = others
            .iter()
            .flat_map(|variant| tags(variant, tag.as_deref()).into_iter().chain(aliases(variant)))
            .collect();
        let unknown = json!({"type": "string", "not": {"enum": known}});
        let taken = match &tag {
            None => unknown,
            Some(tag) => {
                let mut properties = Map::new();
                properties.insert(tag.clone(), unknown);
                let is_internal = keywords.get(TAG).is_some_and(|named| named == tag.as_str());
                if !is_internal && let Some(content) = content(&others, tag) {
                    // An adjacent unit variant takes no content but `null`.
                    properties.insert(content, json!({"type": "null"}));
                }
                json!({"type": "object", "properties": properties, "required": [tag]})
            }
        };
        let Some(Value::Array(variants)) = keywords.get_mut(union) else { continue };
        match on_variant.and_then(|position| variants.get_mut(position)) {
            Some(variant) => {
                let mut taken = taken;
                // Unknown fields may be refused beside an unknown tag, too.
                if let (Some(refused), Value::Object(taken)) =
                    (variant.get("additionalProperties"), &mut taken)
                {
                    taken.insert("additionalProperties".to_owned(), refused.clone());
                }
                *variant = taken;
            }
            None => variants.push(taken),
        }
    }
}

fn aliases(schema: &Value) -> Vec<String> {
    let aliases = schema.get(ALIAS).and_then(Value::as_array);
    aliases.into_iter().flatten().filter_map(|alias| alias.as_str().map(str::to_owned)).collect()
}

/// The one property that has a constant in every variant.
fn tag(keywords: &Map<String, Value>) -> Option<String> {
    let variants: Vec<_> =
        ["oneOf", "anyOf"].iter().filter_map(|union| keywords.get(*union)?.as_array()).flatten().collect();
    let constants = |variant: &Value| -> Vec<String> {
        let properties = variant.get("properties").and_then(Value::as_object);
        let required = |name: &String| {
            variant.get("required").and_then(Value::as_array).is_some_and(|all| all.iter().any(|r| r == name))
        };
        let constant = |schema: &Value| schema.get("const").is_some_and(Value::is_string);
        let all = properties.into_iter().flatten();
        all.filter(|(name, schema)| constant(schema) && required(name))
            .map(|(name, _)| name.clone())
            .collect()
    };
    let mut common = constants(variants.first()?);
    for variant in &variants {
        let its = constants(variant);
        common.retain(|name| its.contains(name));
    }
    (common.len() == 1).then(|| common.pop()).flatten()
}

/// The tags by which a variant is known.
fn tags(variant: &Value, tag: Option<&str>) -> Vec<String> {
    let holder = match tag {
        Some(tag) => variant.get("properties").and_then(|all| all.get(tag)),
        None => Some(variant),
    };
    let Some(holder) = holder else { return Vec::new() };
    let values = holder.get("enum").and_then(Value::as_array).into_iter().flatten();
    let mut tags: Vec<_> =
        values.chain(holder.get("const")).filter_map(|value| value.as_str().map(str::to_owned)).collect();
    if tags.is_empty() && tag.is_none() {
        tags.extend(variant.as_object().and_then(only_property).map(|(name, _)| name));
    }
    tags
}

/// The name and the schema of an externally tagged variant's content.
fn only_property(variant: &Map<String, Value>) -> Option<(String, Value)> {
    let properties = variant.get("properties").and_then(Value::as_object)?;
    let (name, schema) = properties.iter().next()?;
    let required = variant.get("required") == Some(&json!([name]));
    (properties.len() == 1 && required).then(|| (name.clone(), schema.clone()))
}

/// The property beside the tag, if all variants have the same one and no more: the enum may be adjacently tagged.
fn content(variants: &[&Value], tag: &str) -> Option<String> {
    let mut found: Option<&String> = None;
    for variant in variants {
        if variant.get("$ref").is_some() {
            return None;
        }
        let properties = variant.get("properties").and_then(Value::as_object)?;
        let mut beside = properties.keys().filter(|name| *name != tag);
        if let Some(name) = beside.next() {
            if beside.next().is_some() || found.is_some_and(|found| found != name) {
                return None;
            }
            found = Some(name);
        }
    }
    found.cloned()
}

fn widen(schema: &mut Value, aliases: &[String]) {
    let Value::Object(keywords) = schema else { return };
    if let Some(constant) = keywords.remove("const") {
        let values: Vec<_> =
            std::iter::once(constant).chain(aliases.iter().cloned().map(Value::from)).collect();
        keywords.insert("enum".to_owned(), Value::Array(values));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tolerated(mut schema: Value) -> Value {
        tolerate(&mut schema);
        schema
    }

    fn takes(schema: &Value, document: &Value) -> bool {
        jsonschema::validator_for(schema).unwrap().is_valid(document)
    }

    #[test]
    fn a_field_is_read_under_its_alias_but_not_under_both_names() {
        let schema = tolerated(json!({"type": "object", "required": ["new"],
            "properties": {"new": {"type": "string", "x-serde-alias": ["old"]}}}));
        assert!(takes(&schema, &json!({"new": "a"})));
        assert!(takes(&schema, &json!({"old": "a"})));
        assert!(!takes(&schema, &json!({"old": 1})));
        assert!(!takes(&schema, &json!({})));
        assert!(!takes(&schema, &json!({"old": "a", "new": "a"})));
    }

    #[test]
    fn an_optional_field_may_be_missing_under_all_its_names() {
        let schema = tolerated(json!({"type": "object",
            "properties": {"new": {"type": "string", "x-serde-alias": ["old", "older"]}}}));
        assert!(takes(&schema, &json!({})));
        assert!(takes(&schema, &json!({"older": "a"})));
        assert!(!takes(&schema, &json!({"old": "a", "older": "a"})));
    }

    #[test]
    fn an_unknown_tag_is_taken_and_a_known_one_is_held_to_its_variant() {
        let schema = tolerated(json!({"oneOf": [
            {"type": "object", "properties": {"t": {"const": "A"}, "x": {"type": "string"}, "y": {}}, "required": ["t", "x"]},
            {"type": "object", "properties": {"t": {"const": "O"}}, "required": ["t"], "x-serde-other": true}]}));
        assert!(takes(&schema, &json!({"t": "A", "x": ""})));
        assert!(takes(&schema, &json!({"t": "new", "x": 5})));
        assert!(!takes(&schema, &json!({"t": "A", "x": 5})));
    }

    #[test]
    fn what_may_be_adjacent_content_is_not_ignored() {
        let schema = json!({"oneOf": [
            {"type": "object", "properties": {"t": {"const": "A"}, "c": {"type": "string"}}, "required": ["t", "c"]},
            {"type": "object", "properties": {"t": {"const": "O"}}, "required": ["t"], "x-serde-other": true}]});
        assert!(!takes(&tolerated(schema.clone()), &json!({"t": "new", "c": 5})));
        let mut internal = schema;
        internal["x-serde-tag"] = json!("t");
        assert!(takes(&tolerated(internal), &json!({"t": "new", "c": 5})));
    }
}
