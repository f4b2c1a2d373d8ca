//! From JSON Schema 2020-12, as schemars writes it, to the schema objects of AsyncAPI, which are of draft 7.

use serde_json::{Map, Value, json};

/// The schema of a payload. Its definitions become components, whose names begin with `key`.
pub(super) fn schema(key: &str, schema: &Value, components: &mut Map<String, Value>) -> Value {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    for (name, definition) in definitions.into_iter().flatten() {
        components.insert(definition_key(key, name), translate(key, definition));
    }
    translate(key, schema)
}

/// The examples that a type's documentation or its attributes give.
pub(super) fn examples(schema: &Value) -> impl Iterator<Item = &Value> {
    // AsyncAPI's examples of messages are objects or lists.
    let examples = schema.get("examples").and_then(Value::as_array);
    examples.into_iter().flatten().filter(|example| example.is_object() || example.is_array())
}

fn translate(key: &str, schema: &Value) -> Value {
    let Some(object) = schema.as_object() else { return schema.clone() };
    let mut translated = Map::new();
    for (keyword, value) in object {
        match keyword.as_str() {
            // Said once for the whole document, or moved to its components.
            "$schema" | "$id" | "$defs" | "$anchor" | "$comment" => {}
            "$ref" => {
                translated.insert(keyword.clone(), reference(key, value));
            }
            "prefixItems" => {
                translated.insert("items".to_owned(), each(key, value));
                if let Some(rest) = object.get("items") {
                    translated.insert("additionalItems".to_owned(), translate(key, rest));
                }
            }
            "items" if object.contains_key("prefixItems") => {}
            "dependentRequired" | "dependentSchemas" => {
                let dependencies = translated.entry("dependencies").or_insert_with(|| json!({}));
                if let (Some(all), Value::Object(more)) = (dependencies.as_object_mut(), members(key, value))
                {
                    all.extend(more);
                }
            }
            "allOf" | "anyOf" | "oneOf" => {
                translated.insert(keyword.clone(), each(key, value));
            }
            "properties" | "patternProperties" => {
                translated.insert(keyword.clone(), members(key, value));
            }
            "items"
            | "additionalProperties"
            | "contains"
            | "propertyNames"
            | "not"
            | "if"
            | "then"
            | "else" => {
                translated.insert(keyword.clone(), translate(key, value));
            }
            // Draft 7 ignores keywords that it doesn't know; that takes more than the original, and never less.
            "unevaluatedProperties" | "unevaluatedItems" | "minContains" | "maxContains" => {}
            _ => {
                translated.insert(keyword.clone(), value.clone());
            }
        }
    }
    beside_reference(translated)
}

/// In draft 7 a reference stands alone: whatever is beside it would not be looked at.
fn beside_reference(mut schema: Map<String, Value>) -> Value {
    if schema.len() > 1
        && let Some(reference) = schema.remove("$ref")
    {
        let reference = json!({ "$ref": reference });
        match schema.get_mut("allOf").and_then(Value::as_array_mut) {
            Some(all) => all.push(reference),
            None => {
                schema.insert("allOf".to_owned(), json!([reference]));
            }
        }
    }
    Value::Object(schema)
}

/// References of a payload's schema begin at its root, and those of the document at the document's.
fn reference(key: &str, value: &Value) -> Value {
    let Some(target) = value.as_str() else { return value.clone() };
    let component = match target.strip_prefix("#/$defs/") {
        Some(name) => definition_key(key, &name.replace("~1", "/").replace("~0", "~")),
        None if target == "#" => key.to_owned(),
        None => return value.clone(),
    };
    format!("#/components/schemas/{component}").into()
}

/// A component's name: letters, digits, `.`, `-` and `_`.
fn definition_key(key: &str, name: &str) -> String {
    let legal = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    let name: String = name.chars().map(|character| if legal(character) { character } else { '_' }).collect();
    format!("{key}.{name}")
}

fn each(key: &str, value: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(|schema| translate(key, schema)).collect(),
        other => translate(key, other),
    }
}

fn members(key: &str, value: &Value) -> Value {
    match value {
        Value::Object(all) => {
            all.iter().map(|(name, schema)| (name.clone(), translate(key, schema))).collect()
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_definitions_to_the_components_and_points_there() {
        let mut components = Map::new();
        let original = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "$ref": { "type": "string" },
                "carrier": { "$ref": "#/$defs/Code<2>", "description": "who flies" },
                "again": { "anyOf": [{ "$ref": "#" }, { "type": "null" }] },
                "place": { "type": "array", "prefixItems": [{ "type": "number" }], "items": false },
            },
            "$defs": { "Code<2>": { "type": "string", "const": { "$ref": "#/left/alone" } } },
        });
        let translated = schema("a.b.c.v1", &original, &mut components);
        assert_eq!(
            translated,
            json!({
                "type": "object",
                "properties": {
                    "$ref": { "type": "string" },
                    "carrier": {
                        "allOf": [{ "$ref": "#/components/schemas/a.b.c.v1.Code_2_" }],
                        "description": "who flies",
                    },
                    "again": { "anyOf": [{ "$ref": "#/components/schemas/a.b.c.v1" }, { "type": "null" }] },
                    "place": { "type": "array", "items": [{ "type": "number" }], "additionalItems": false },
                },
            })
        );
        assert_eq!(components["a.b.c.v1.Code_2_"]["const"], json!({ "$ref": "#/left/alone" }));
    }
}
