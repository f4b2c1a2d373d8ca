use std::fmt;

use serde::Serialize;
use serde_json::Value;

/// Where two schemas are not the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delta {
    /// The JSON pointer, in the schema, of what differs.
    pub pointer: String,
    /// What the first schema says; `None` when it says nothing.
    pub before: Option<Value>,
    /// What the second schema says; `None` when it says nothing.
    pub after: Option<Value>,
}

/// How long a value may be in a line for people.
const LONGEST_VALUE: usize = 100;
/// Lists that have no order: their elements are there or not.
const SETS: [&str; 3] = ["/required", "/enum", "/type"];

/// All that differs between two schemas, in the order of their pointers.
#[must_use]
pub fn deltas(before: &Value, after: &Value) -> Vec<Delta> {
    let mut deltas = Vec::new();
    compare(String::new(), before, after, &mut deltas);
    deltas
}

fn compare(pointer: String, before: &Value, after: &Value, found: &mut Vec<Delta>) {
    match (before, after) {
        (Value::Object(one), Value::Object(other)) => {
            let mut keys: Vec<&String> = one.keys().chain(other.keys()).collect();
            keys.sort();
            keys.dedup();
            for key in keys {
                let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                match (one.get(key), other.get(key)) {
                    (Some(one), Some(other)) => compare(pointer, one, other, found),
                    (one, other) => {
                        found.push(Delta { pointer, before: one.cloned(), after: other.cloned() })
                    }
                }
            }
        }
        (Value::Array(one), Value::Array(other)) if SETS.iter().any(|set| pointer.ends_with(set)) => {
            let only_in = |these: &[Value], those: &[Value]| -> Vec<Value> {
                these.iter().filter(|value| !those.contains(value)).cloned().collect()
            };
            let element = |before, after| Delta { pointer: pointer.clone(), before, after };
            found.extend(only_in(one, other).into_iter().map(|removed| element(Some(removed), None)));
            found.extend(only_in(other, one).into_iter().map(|added| element(None, Some(added))));
        }
        (Value::Array(one), Value::Array(other)) => {
            for index in 0..one.len().max(other.len()) {
                let pointer = format!("{pointer}/{index}");
                match (one.get(index), other.get(index)) {
                    (Some(one), Some(other)) => compare(pointer, one, other, found),
                    (one, other) => {
                        found.push(Delta { pointer, before: one.cloned(), after: other.cloned() })
                    }
                }
            }
        }
        (one, other) if one == other => {}
        (one, other) => {
            found.push(Delta { pointer, before: Some(one.clone()), after: Some(other.clone()) });
        }
    }
}

/// A line for people: `+` what is new, `-` what is gone, `~` what changed.
impl fmt::Display for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pointer = if self.pointer.is_empty() { "/" } else { &self.pointer };
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, "~ {pointer}: {} -> {}", short(before), short(after)),
            (Some(before), None) => write!(f, "- {pointer}: {}", short(before)),
            (None, after) => write!(f, "+ {pointer}: {}", after.as_ref().map(short).unwrap_or_default()),
        }
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(LONGEST_VALUE) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_what_is_new_gone_and_changed() {
        let before = json!({
            "properties": {"a/b": {"type": "string"}, "gone": {"type": "null"}}, "required": ["gone", "a/b"],
            "prefixItems": [{"type": "string"}],
        });
        let after = json!({
            "properties": {"a/b": {"type": "integer"}, "new": true}, "required": ["a/b", "new"],
            "prefixItems": [{"type": "string"}, {"type": "null"}],
        });
        let lines: Vec<_> = deltas(&before, &after).iter().map(Delta::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        + /prefixItems/1: {"type":"null"}
        ~ /properties/a~1b/type: "string" -> "integer"
        - /properties/gone: {"type":"null"}
        + /properties/new: true
        - /required: "gone"
        + /required: "new"
        "#);
    }

    #[test]
    fn the_same_set_in_another_order_is_no_difference() {
        assert_eq!(deltas(&json!({"required": ["a", "b"]}), &json!({"required": ["b", "a"]})), []);
    }
}
