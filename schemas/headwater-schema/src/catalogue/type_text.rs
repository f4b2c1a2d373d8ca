use serde_json::{Map, Value};

/// A schema in words: `text or nothing`, `list of Bag`. Some words lead to where they are explained.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TypeText(pub(super) Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    /// The definition that it names.
    pub(super) definition: Option<String>,
}

impl TypeText {
    /// What a schema takes.
    pub(super) fn of(schema: &Value) -> Self {
        let Some(object) = schema.as_object() else {
            return Self::plain(if schema == &Value::Bool(false) { "nothing at all" } else { "anything" });
        };
        if let Some(target) = object.get("$ref").and_then(Value::as_str) {
            return match target.strip_prefix("#/$defs/") {
                Some(name) => Self(vec![Part { text: name.to_owned(), definition: Some(name.to_owned()) }]),
                None => Self::plain("the same again"),
            };
        }
        if let Some(value) = object.get("const") {
            return Self::plain(value.to_string());
        }
        if let Some(values) = object.get("enum").and_then(Value::as_array) {
            return Self::joined(values.iter().map(|value| Self::plain(value.to_string())), " or ");
        }
        for keyword in ["anyOf", "oneOf"] {
            if let Some(all) = object.get(keyword).and_then(Value::as_array) {
                return Self::joined(all.iter().map(Self::of), " or ");
            }
        }
        if let Some(all) = object.get("allOf").and_then(Value::as_array) {
            return Self::joined(all.iter().map(Self::of), " and ");
        }
        match object.get("type") {
            Some(Value::String(kind)) => Self::of_kind(kind, object),
            Some(Value::Array(kinds)) => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                Self::joined(kinds.map(|kind| Self::of_kind(kind, object)), " or ")
            }
            _ => Self::plain("anything"),
        }
    }

    fn of_kind(kind: &str, object: &Map<String, Value>) -> Self {
        let format = object.get("format").and_then(Value::as_str);
        match (kind, format) {
            ("null", _) => Self::plain("null"),
            ("boolean", _) => Self::plain("true or false"),
            ("string", Some(format)) => Self::plain(format!("text ({format})")),
            ("string", None) => Self::plain("text"),
            ("array", _) => Self::list(object),
            ("object", _) => match object.get("additionalProperties") {
                Some(values) if values.is_object() && !object.contains_key("properties") => {
                    Self::plain("map of ").then(Self::of(values))
                }
                _ => Self::plain("object"),
            },
            (kind, Some(format)) => Self::plain(format!("{kind} ({format})")),
            (kind, None) => Self::plain(kind),
        }
    }

    fn list(object: &Map<String, Value>) -> Self {
        if let Some(places) = object.get("prefixItems").and_then(Value::as_array) {
            return Self::plain("list of ").then(Self::joined(places.iter().map(Self::of), ", "));
        }
        match object.get("items") {
            Some(items) => Self::plain("list of ").then(Self::of(items)),
            None => Self::plain("list"),
        }
    }

    fn plain(text: impl Into<String>) -> Self {
        Self(vec![Part { text: text.into(), definition: None }])
    }

    fn then(mut self, more: Self) -> Self {
        self.0.extend(more.0);
        self
    }

    fn joined(all: impl Iterator<Item = Self>, separator: &str) -> Self {
        all.fold(Self::default(), |joined, next| match joined.0.is_empty() {
            true => next,
            false => joined.then(Self::plain(separator)).then(next),
        })
    }
}

/// What else a schema asks for, in words.
pub(super) fn limits(schema: &Value) -> String {
    let is_exact =
        |pair: &(&str, &str)| schema.get(pair.0).is_some_and(|least| Some(least) == schema.get(pair.1));
    let exact = EXACT.iter().filter(|(pair, _)| is_exact(pair));
    let exact =
        exact.filter_map(|((keyword, _), words)| Some(words.replace("{}", &shown(schema.get(keyword)?))));
    let limits = LIMITS.iter().filter(|(keyword, _)| {
        !EXACT.iter().any(|(pair, _)| is_exact(pair) && [pair.0, pair.1].contains(keyword))
    });
    let limits =
        limits.filter_map(|(keyword, words)| Some(words.replace("{}", &shown(schema.get(keyword)?))));
    exact.chain(limits).collect::<Vec<_>>().join(", ")
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

const EXACT: &[((&str, &str), &str)] = &[
    (("minLength", "maxLength"), "exactly {} characters"),
    (("minItems", "maxItems"), "exactly {} elements"),
    (("minProperties", "maxProperties"), "exactly {} members"),
];

const LIMITS: &[(&str, &str)] = &[
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "more than {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "less than {}"),
    ("multipleOf", "a multiple of {}"),
    ("minLength", "{} characters or more"),
    ("maxLength", "{} characters or fewer"),
    ("pattern", "matches {}"),
    ("minItems", "{} elements or more"),
    ("maxItems", "{} elements or fewer"),
    ("minProperties", "{} members or more"),
    ("maxProperties", "{} members or fewer"),
    ("default", "{} if it is missing"),
];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn says_in_words_what_a_schema_takes() {
        for (schema, words) in [
            (json!(true), "anything"),
            (json!({"type": ["string", "null"]}), "text or null"),
            (json!({"type": "integer", "format": "int32"}), "integer (int32)"),
            (json!({"anyOf": [{"$ref": "#/$defs/Wind"}, {"type": "null"}]}), "Wind or null"),
            (json!({"type": "array", "items": {"$ref": "#/$defs/Bag"}}), "list of Bag"),
            (json!({"type": "object", "additionalProperties": {"type": "string"}}), "map of text"),
            (json!({"enum": ["a", 1]}), "\"a\" or 1"),
        ] {
            let text: String = TypeText::of(&schema).0.into_iter().map(|part| part.text).collect();
            assert_eq!(text, words);
        }
        assert_eq!(limits(&json!({"minimum": 0, "maximum": 9})), "at least 0, at most 9");
        assert_eq!(
            limits(&json!({"minLength": 2, "maxLength": 2, "pattern": "^A"})),
            "exactly 2 characters, matches ^A"
        );
    }
}
