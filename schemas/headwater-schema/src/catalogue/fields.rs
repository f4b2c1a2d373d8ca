use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::doc_text::paragraphs;
use super::type_text::{Part, TypeText, limits};

/// Everything that a schema defines, each with the place on the page at which it is explained.
pub(super) fn definitions(schema: &Value, version: u32) -> Vec<Definition> {
    let anchor = |name: &str| anchor(version, name);
    let mut definitions = vec![Definition::of(None, format!("v{version}-fields"), schema, &anchor)];
    if let Some(nested) = schema.get("$defs").and_then(Value::as_object) {
        for (name, schema) in in_order_of_use(schema, nested) {
            definitions.push(Definition::of(Some(name.to_owned()), anchor(name), schema, &anchor));
        }
    }
    definitions
}

/// A type comes after the first one that uses it, as its reader gets to know them.
fn in_order_of_use<'a>(schema: &'a Value, nested: &'a Map<String, Value>) -> Vec<(&'a str, &'a Value)> {
    let mut found: Vec<(&str, &Value)> = Vec::new();
    let mut next = 0;
    find_references(schema, nested, &mut found);
    while let Some((_, definition)) = found.get(next).copied() {
        find_references(definition, nested, &mut found);
        next += 1;
    }
    // What nothing refers to is there all the same.
    found.extend(nested.iter().map(|(name, schema)| (name.as_str(), schema)));
    let mut seen = BTreeSet::new();
    found.retain(|(name, _)| seen.insert(*name));
    found
}

fn find_references<'a>(
    schema: &'a Value,
    nested: &'a Map<String, Value>,
    found: &mut Vec<(&'a str, &'a Value)>,
) {
    match schema {
        Value::Object(members) => {
            let target =
                members.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix("#/$defs/"));
            if let Some((name, definition)) = target.and_then(|name| nested.get_key_value(name))
                && !found.iter().any(|(known, _)| known == name)
            {
                found.push((name, definition));
            }
            for (_, member) in members.iter().filter(|(keyword, _)| *keyword != "$defs") {
                find_references(member, nested, found);
            }
        }
        Value::Array(elements) => elements.iter().for_each(|element| find_references(element, nested, found)),
        _ => {}
    }
}

/// A type of a schema, as it is shown.
pub(super) struct Definition {
    /// Its name; none for the event itself.
    pub(super) name: Option<String>,
    pub(super) anchor: String,
    pub(super) doc: Vec<String>,
    pub(super) shapes: Vec<Shape>,
}

/// One of the ways in which a value of a type can look.
pub(super) struct Shape {
    /// What distinguishes it, when there are several.
    pub(super) title: Option<String>,
    pub(super) doc: Vec<String>,
    /// For an object.
    pub(super) fields: Vec<Field>,
    /// For anything else.
    pub(super) text: Vec<Word>,
    pub(super) limits: String,
}

pub(super) struct Field {
    pub(super) name: String,
    pub(super) text: Vec<Word>,
    pub(super) limits: String,
    pub(super) required: bool,
    pub(super) deprecated: bool,
    pub(super) doc: Vec<String>,
}

/// A word, and where it leads to.
pub(super) struct Word {
    pub(super) text: String,
    pub(super) anchor: Option<String>,
}

impl Definition {
    fn of(name: Option<String>, id: String, schema: &Value, anchor: &dyn Fn(&str) -> String) -> Self {
        let variants = ["oneOf", "anyOf"].iter().find_map(|keyword| schema.get(keyword)?.as_array());
        let shapes = match variants {
            Some(variants) => variants.iter().map(|variant| Shape::of(variant, true, anchor)).collect(),
            None => vec![Shape::of(schema, false, anchor)],
        };
        Self { name, anchor: id, doc: doc(schema), shapes }
    }
}

impl Shape {
    fn of(schema: &Value, is_variant: bool, anchor: &dyn Fn(&str) -> String) -> Self {
        let fields = schema.get("properties").and_then(Value::as_object).map(|p| fields(p, schema, anchor));
        let fields = fields.unwrap_or_default();
        let text = if fields.is_empty() { words(TypeText::of(schema), anchor) } else { Vec::new() };
        Self {
            title: if is_variant { tag(schema) } else { None },
            doc: if is_variant { doc(schema) } else { Vec::new() },
            fields,
            text,
            limits: limits(schema),
        }
    }
}

fn fields(properties: &Map<String, Value>, schema: &Value, anchor: &dyn Fn(&str) -> String) -> Vec<Field> {
    let required: Vec<_> = schema.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let field = |(name, schema): (&String, &Value)| Field {
        name: name.clone(),
        text: words(TypeText::of(schema), anchor),
        limits: limits(schema),
        required: required.iter().any(|required| *required == name),
        deprecated: schema.get("deprecated") == Some(&Value::Bool(true)),
        doc: doc(schema),
    };
    properties.iter().map(field).collect()
}

/// By what a variant is told from others: the one property that has a constant, or its only one.
fn tag(schema: &Value) -> Option<String> {
    let properties = schema.get("properties")?.as_object()?;
    let constant =
        properties.iter().find_map(|(name, schema)| Some(format!("{name}: {}", schema.get("const")?)));
    constant.or_else(|| match properties.len() {
        1 => properties.keys().next().cloned(),
        _ => None,
    })
}

fn words(text: TypeText, anchor: &dyn Fn(&str) -> String) -> Vec<Word> {
    let word = |Part { text, definition }: Part| Word { anchor: definition.as_deref().map(anchor), text };
    text.0.into_iter().map(word).collect()
}

fn doc(schema: &Value) -> Vec<String> {
    paragraphs(schema.get("description").and_then(Value::as_str).unwrap_or_default())
}

/// A definition's place on the page; names of types may hold anything.
fn anchor(version: u32, name: &str) -> String {
    let name: String = name
        .chars()
        .map(|character| match character {
            legal if legal.is_ascii_alphanumeric() => legal.to_string(),
            other => format!("_{:x}", u32::from(other)),
        })
        .collect();
    format!("v{version}-type-{name}")
}
