use serde_json::{Map, Value};

use crate::keywords::{LIST, NAMED, ONE};

/// Keywords that hold a schema in draft 3, and in none since: what is inside may count, so it is looked at.
const OF_DRAFT_3: [&str; 2] = ["disallow", "extends"];

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
            value if holds_one(keyword) => each(value, change),
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
            value if holds_one(keyword) => any(value, is),
            _ => false,
        })
}

fn holds_one(keyword: &str) -> bool {
    ONE.contains(&keyword) || OF_DRAFT_3.contains(&keyword)
}
