use serde_json::{Map, Value};

use crate::keywords::{LIST, NAMED, ONE};

/// Keywords that only people read.
const WORDING: [&str; 4] = ["title", "description", "examples", "$comment"];
/// Keywords that name the document.
const IDENTITY: [&str; 3] = ["$schema", "$id", super::canonical::DIGEST];
/// Keywords whose value is a list without an order.
const SETS: [&str; 3] = ["enum", "required", "type"];

/// What a schema says about documents, without its wording and in one order: two schemas with the same
/// meaning allow the same documents, so that a corrected comment or a moved field is no change.
pub(super) fn meaning(schema: &Value) -> Value {
    let Value::Object(keywords) = schema else { return schema.clone() };
    let kept = keywords
        .iter()
        .filter(|(keyword, _)| !WORDING.contains(&keyword.as_str()) && !IDENTITY.contains(&keyword.as_str()));
    Value::Object(kept.map(|(keyword, value)| (keyword.clone(), of_keyword(keyword, value))).collect())
}

fn of_keyword(keyword: &str, value: &Value) -> Value {
    match value {
        Value::Array(elements) if SETS.contains(&keyword) => sorted(elements),
        Value::Array(schemas) if LIST.contains(&keyword) => schemas.iter().map(meaning).collect(),
        Value::Object(named) if NAMED.contains(&keyword) => {
            let named = named.iter().map(|(name, schema)| (name.clone(), meaning(schema)));
            Value::Object(named.collect::<Map<_, _>>())
        }
        schema if ONE.contains(&keyword) => meaning(schema),
        value => value.clone(),
    }
}

fn sorted(elements: &[Value]) -> Value {
    let mut elements = elements.to_vec();
    elements.sort_by_cached_key(Value::to_string);
    elements.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn wording_and_order_have_no_meaning() {
        let one = json!({
            "title": "Paid", "type": ["string", "null"], "required": ["a", "b"],
            "properties": {"a": {"description": "The first", "enum": ["x", "y"]}},
        });
        let other = json!({
            "type": ["null", "string"], "required": ["b", "a"], "properties": {"a": {"enum": ["y", "x"]}},
        });
        assert_eq!(meaning(&one), meaning(&other));
    }

    #[test]
    fn a_field_that_is_named_like_a_keyword_keeps_its_meaning() {
        let schema =
            json!({"properties": {"title": {"type": "string"}, "description": {}}, "default": {"title": 1}});
        assert_eq!(meaning(&schema), schema);
    }

    #[test]
    fn an_order_that_counts_is_kept() {
        let schema = json!({"prefixItems": [{"type": "string"}, {"type": "null"}], "const": ["b", "a"]});
        assert_eq!(meaning(&schema), schema);
    }
}
