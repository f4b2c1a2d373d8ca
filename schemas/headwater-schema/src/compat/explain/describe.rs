use serde_json::{Map, Value};

use super::super::semantics::resolve;

/// How many constants are named before the rest is left out.
const CONSTANTS_MAX: usize = 6;
const DEPTH_MAX: usize = 3;

/// A schema in a few words, those of Rust where schemars derived it.
pub(super) fn describe(root: &Value, schema: &Value) -> String {
    words(root, schema, 0)
}

fn words(root: &Value, schema: &Value, depth: usize) -> String {
    let keywords = match schema {
        Value::Bool(false) => return "nothing".to_owned(),
        Value::Object(keywords) if depth <= DEPTH_MAX => keywords,
        Value::Object(_) => return "…".to_owned(),
        _ => return "anything".to_owned(),
    };
    if let Some(constant) = keywords.get("const") {
        return constant.to_string();
    }
    if let Some(Value::Array(constants)) = keywords.get("enum") {
        let mut named: Vec<_> = constants.iter().take(CONSTANTS_MAX).map(Value::to_string).collect();
        if constants.len() > CONSTANTS_MAX {
            named.push("…".to_owned());
        }
        return named.join(" or ");
    }
    if let Some(target) = keywords.get("$ref").and_then(Value::as_str) {
        let named = target.rsplit('/').next().filter(|name| *name != "#").map(str::to_owned);
        return named.or_else(|| title(resolve(root, target)?)).unwrap_or_else(|| "the whole".to_owned());
    }
    for union in ["anyOf", "oneOf"] {
        if let (Some(Value::Array(branches)), None) = (keywords.get(union), keywords.get("properties")) {
            let mut named: Vec<String> = Vec::new();
            for branch in branches.iter().take(CONSTANTS_MAX) {
                let branch = words(root, branch, depth + 1);
                if !named.contains(&branch) {
                    named.push(branch);
                }
            }
            if branches.len() > CONSTANTS_MAX {
                named.push("…".to_owned());
            }
            return named.join(" or ");
        }
    }
    match keywords.get("type") {
        Some(Value::String(name)) => of_type(root, keywords, name, depth),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            names.map(|name| of_type(root, keywords, name, depth)).collect::<Vec<_>>().join(" or ")
        }
        _ if keywords.contains_key("properties") => of_type(root, keywords, "object", depth),
        _ if keywords.contains_key("items") => of_type(root, keywords, "array", depth),
        _ if ["minimum", "maximum", "multipleOf"].iter().any(|keyword| keywords.contains_key(*keyword)) => {
            of_type(root, keywords, "number", depth)
        }
        _ if ["minLength", "maxLength", "pattern", "format"]
            .iter()
            .any(|key| keywords.contains_key(*key)) =>
        {
            of_type(root, keywords, "string", depth)
        }
        _ => "anything".to_owned(),
    }
}

fn of_type(root: &Value, keywords: &Map<String, Value>, name: &str, depth: usize) -> String {
    match name {
        "integer" | "number" => number(keywords, name),
        "string" => string(keywords),
        "array" => array(root, keywords, depth),
        "object" => object(root, keywords, depth),
        name => name.to_owned(),
    }
}

fn number(keywords: &Map<String, Value>, name: &str) -> String {
    let width = keywords.get("format").and_then(Value::as_str).and_then(rust_number);
    let whole = width.is_some_and(|width| width.starts_with('u'));
    let bound = |keyword: &str| keywords.get(keyword).filter(|bound| !(whole && **bound == 0));
    let mut said = width.unwrap_or(name).to_owned();
    // What the width says already isn't repeated.
    if !matches!(width, Some("i8" | "u8" | "i16" | "u16")) {
        for (keyword, word) in [
            ("minimum", "at least"),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
            ("multipleOf", "a multiple of"),
        ] {
            if let Some(bound) = bound(keyword) {
                said += &format!(" {word} {bound}");
            }
        }
    }
    said
}

fn rust_number(format: &str) -> Option<&'static str> {
    Some(match format {
        "int8" => "i8",
        "int16" => "i16",
        "int32" => "i32",
        "int64" => "i64",
        "int128" => "i128",
        "int" => "isize",
        "uint8" => "u8",
        "uint16" => "u16",
        "uint32" => "u32",
        "uint64" => "u64",
        "uint128" => "u128",
        "uint" => "usize",
        "float" => "f32",
        "double" => "f64",
        _ => return None,
    })
}

fn string(keywords: &Map<String, Value>) -> String {
    let mut said = match keywords.get("format").and_then(Value::as_str) {
        Some(format) => format!("{format} string"),
        None => "string".to_owned(),
    };
    match (keywords.get("minLength"), keywords.get("maxLength")) {
        (Some(least), Some(most)) if least == most => said += &format!(" of length {least}"),
        (Some(least), Some(most)) => said += &format!(" of length {least} to {most}"),
        (Some(least), None) => said += &format!(" of length {least} or more"),
        (None, Some(most)) => said += &format!(" of length {most} or less"),
        (None, None) => {}
    }
    if let Some(pattern) = keywords.get("pattern").and_then(Value::as_str) {
        said += &format!(" like `{pattern}`");
    }
    said
}

fn array(root: &Value, keywords: &Map<String, Value>, depth: usize) -> String {
    let placed =
        keywords.get("prefixItems").or_else(|| keywords.get("items").filter(|items| items.is_array()));
    if let Some(Value::Array(placed)) = placed {
        let items: Vec<_> = placed.iter().map(|item| words(root, item, depth + 1)).collect();
        return format!("({})", items.join(", "));
    }
    let item =
        keywords.get("items").map_or_else(|| "anything".to_owned(), |items| words(root, items, depth + 1));
    let kind = if keywords.get("uniqueItems") == Some(&Value::Bool(true)) { "set" } else { "array" };
    match (keywords.get("minItems"), keywords.get("maxItems")) {
        (Some(least), Some(most)) if least == most => format!("{kind} of {least} {item}"),
        (Some(least), Some(most)) => format!("{kind} of {least} to {most} {item}"),
        (Some(least), None) => format!("{kind} of {least} or more {item}"),
        (None, Some(most)) => format!("{kind} of at most {most} {item}"),
        (None, None) => format!("{kind} of {item}"),
    }
}

fn object(root: &Value, keywords: &Map<String, Value>, depth: usize) -> String {
    if let Some(title) = keywords.get("title").and_then(Value::as_str) {
        return title.to_owned();
    }
    match (keywords.get("properties"), keywords.get("additionalProperties")) {
        (None, Some(values)) if *values != Value::Bool(false) => {
            format!("map of {}", words(root, values, depth + 1))
        }
        (Some(Value::Object(properties)), _) => {
            let names: Vec<_> = properties.keys().take(CONSTANTS_MAX).cloned().collect();
            format!("object with {}", names.join(", "))
        }
        _ => "object".to_owned(),
    }
}

fn title(schema: &Value) -> Option<String> {
    schema.get("title").and_then(Value::as_str).map(str::to_owned)
}
