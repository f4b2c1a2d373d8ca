use serde_json::{Map, Value};

use super::super::semantics;
use super::super::subset::Decision;

/// How many pairs of schemas are held against each other to find further reasons.
const DECISIONS_MAX: usize = 64;

/// Further documents that a writer writes and a reader refuses: the witness, with one field at a time replaced by what the
/// reader refuses of it.
pub(super) fn further(writer: &Value, reader: &Value, witness: &Value) -> Vec<Value> {
    // A reference to the whole would mean something else within a part.
    if [writer, reader].iter().any(|schema| refers_to_whole(schema)) {
        return Vec::new();
    }
    let mut probe = Probe { writer, reader, left: DECISIONS_MAX };
    let validator = jsonschema::options().should_validate_formats(true).build(writer);
    let Ok(validator) = validator else { return Vec::new() };
    let found = probe.fields(writer, reader, witness);
    found.into_iter().filter(|document| validator.is_valid(document)).collect()
}

struct Probe<'s> {
    writer: &'s Value,
    reader: &'s Value,
    left: usize,
}

impl Probe<'_> {
    fn fields(&mut self, writer: &Value, reader: &Value, document: &Value) -> Vec<Value> {
        let Value::Object(members) = document else { return Vec::new() };
        let (writer, reader) = (target(self.writer, writer), target(self.reader, reader));
        let fields = |schema: &Value| schema.get("properties").and_then(Value::as_object).cloned();
        let (Some(writes), Some(reads)) = (fields(writer), fields(reader)) else { return Vec::new() };
        let mut found = Vec::new();
        for (name, written) in &writes {
            let Some(read) = reads.get(name) else { continue };
            for value in self.values(written, read, members.get(name)) {
                let mut other = members.clone();
                other.insert(name.clone(), value);
                found.push(Value::Object(other));
            }
        }
        found
    }

    /// Values of a field that are written and refused.
    fn values(&mut self, writer: &Value, reader: &Value, value: Option<&Value>) -> Vec<Value> {
        if self.left == 0 || writer == reader {
            return Vec::new();
        }
        self.left -= 1;
        let alone = (within(self.writer, writer), within(self.reader, reader));
        match semantics::decide_plain(&alone.0, &alone.1) {
            Decision::NotSubset { witness } => {
                let deeper = self.fields(writer, reader, value.unwrap_or(&witness));
                if deeper.is_empty() { vec![witness] } else { deeper }
            }
            _ => Vec::new(),
        }
    }
}

/// A part of a schema as a schema of its own.
fn within(root: &Value, part: &Value) -> Value {
    let Value::Object(keywords) = part else { return part.clone() };
    let mut alone: Map<_, _> = keywords.clone();
    for definitions in ["$schema", "$defs", "definitions"] {
        if let Some(value) = root.get(definitions) {
            alone.insert(definitions.to_owned(), value.clone());
        }
    }
    Value::Object(alone)
}

/// What a schema that only refers to another one refers to.
fn target<'s>(root: &'s Value, schema: &'s Value) -> &'s Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    reference.and_then(|reference| semantics::resolve(root, reference)).unwrap_or(schema)
}

fn refers_to_whole(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(key, value)| match (key.as_str(), value) {
            ("$ref", Value::String(target)) => {
                !["#/$defs/", "#/definitions/"].iter().any(|start| target.starts_with(start))
            }
            (_, value) => refers_to_whole(value),
        }),
        Value::Array(items) => items.iter().any(refers_to_whole),
        _ => false,
    }
}
