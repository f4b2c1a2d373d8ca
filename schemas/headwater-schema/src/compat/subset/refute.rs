//! Documents that may tell two schemas apart, made without any knowledge of the prover.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value, json};

use super::{exact::canonical, format, pattern, walk::each_schema};

/// Values that the pool may hold.
const POOL_MAX: usize = 120;
/// Documents of one schema are made up to this nesting.
const DEPTH_MAX: usize = 5;
/// Larger documents are not made.
const SIZE_MAX: u64 = 200;

/// Makes documents of the narrow schema and mutates them by what the wide one says.
pub(super) struct Refuter<'a> {
    narrow: &'a Value,
    pool: Vec<Value>,
    names: Vec<String>,
    tried: HashSet<Value>,
}

impl<'a> Refuter<'a> {
    /// Collects the values and names that both schemas mention.
    pub(super) fn new(narrow: &'a Value, wide: &Value) -> Self {
        let mut pool: Vec<Value> = vec![
            json!(null),
            json!(false),
            json!(true),
            json!(0),
            json!(1),
            json!(-1),
            json!(0.5),
            json!(""),
            json!("a"),
            json!([]),
            json!({}),
            json!([null]),
            json!([0, 0]),
            json!({"x0": null}),
        ];
        let mut names = BTreeSet::new();
        for document in [narrow, wide] {
            each_schema(document, &mut |_, schema| {
                values_near(schema, &mut pool);
                for keyword in ["properties", "dependencies", "dependentRequired", "dependentSchemas"] {
                    names.extend(
                        schema
                            .get(keyword)
                            .and_then(Value::as_object)
                            .into_iter()
                            .flat_map(Map::keys)
                            .cloned(),
                    );
                }
                let required = schema.get("required").and_then(Value::as_array);
                names.extend(required.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
                for pattern in
                    schema.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::keys)
                {
                    names.extend(pattern::examples(pattern).into_iter().take(3));
                }
            });
        }
        names.insert("x0".to_owned());
        let mut seen = HashSet::new();
        pool.retain(|value| seen.insert(value.clone()));
        pool.truncate(POOL_MAX);
        Self { narrow, pool, names: names.into_iter().collect(), tried: HashSet::new() }
    }

    /// The smallest of so many documents that tells the schemas apart.
    pub(super) fn search(
        &mut self,
        budget: usize,
        mut tells_apart: impl FnMut(&Value) -> bool,
    ) -> Option<Value> {
        let mut candidates = self.pool.clone();
        let made = self.documents(self.narrow, 0);
        candidates.extend(made.iter().cloned());
        for document in made.iter().take(24) {
            candidates.extend(self.mutations(document, 0));
            if candidates.len() > budget * 2 {
                break;
            }
        }
        candidates.retain(|candidate| !self.tried.contains(candidate));
        candidates.sort_by_cached_key(|candidate| {
            let text = candidate.to_string();
            (text.len(), text)
        });
        candidates.dedup();
        for candidate in candidates.into_iter().take(budget) {
            if tells_apart(&candidate) {
                return Some(candidate);
            }
            self.tried.insert(candidate);
        }
        None
    }

    /// Some documents that a schema may have.
    fn documents(&self, schema: &Value, depth: usize) -> Vec<Value> {
        let Value::Object(schema) = schema else {
            return vec![json!(0), json!("a"), json!(null), json!({}), json!([])];
        };
        let mut made = Vec::new();
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            return values.iter().take(20).cloned().collect();
        }
        if let Some(value) = schema.get("const") {
            return vec![value.clone()];
        }
        if depth > DEPTH_MAX {
            return vec![json!(0), json!("a"), json!(null)];
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
            let target = target.strip_prefix('#').and_then(|pointer| self.narrow.pointer(pointer));
            made.extend(target.into_iter().flat_map(|target| self.documents(target, depth + 1)));
        }
        for keyword in ["anyOf", "oneOf", "allOf"] {
            for member in schema.get(keyword).and_then(Value::as_array).into_iter().flatten().take(12) {
                made.extend(self.documents(member, depth + 1).into_iter().take(8));
            }
        }
        for keyword in ["then", "else"] {
            made.extend(schema.get(keyword).into_iter().flat_map(|member| self.documents(member, depth + 1)));
        }
        let mut near = Vec::new();
        values_near(schema, &mut near);
        made.extend(near);
        let named = |name: &str| match schema.get("type") {
            Some(Value::String(only)) => only == name,
            Some(Value::Array(types)) => types.iter().any(|known| known == name),
            _ => false,
        };
        let any_of = |keywords: &[&str]| keywords.iter().any(|keyword| schema.contains_key(*keyword));
        if named("object") || any_of(&["properties", "required", "additionalProperties", "patternProperties"])
        {
            made.extend(self.objects(schema, depth));
        }
        if named("array") || any_of(&["items", "prefixItems", "contains", "minItems"]) {
            made.extend(self.arrays(schema, depth));
        }
        for (name, values) in [
            ("null", vec![json!(null)]),
            ("boolean", vec![json!(true), json!(false)]),
            ("integer", vec![json!(0), json!(1), json!(-1)]),
            ("number", vec![json!(0), json!(0.5), json!(-1)]),
            ("string", vec![json!(""), json!("a"), json!("aa")]),
        ] {
            if named(name) {
                made.extend(values);
            }
        }
        if made.is_empty() {
            made = vec![json!(0), json!("a"), json!(null), json!({}), json!([])];
        }
        let mut seen = HashSet::new();
        made.retain(|value| seen.insert(value.clone()));
        made.truncate(if depth == 0 { 60 } else { 16 });
        made
    }

    fn objects(&self, schema: &Map<String, Value>, depth: usize) -> Vec<Value> {
        let none = Map::new();
        let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&none);
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let values = |name: &str| match properties.get(name) {
            Some(inner) => self.documents(inner, depth + 1),
            None => vec![json!(0), json!("a"), json!(null)],
        };
        let mut least = Map::new();
        for name in &required {
            least.insert((*name).to_owned(), values(name).into_iter().next().unwrap_or_default());
        }
        let mut most = least.clone();
        for name in properties.keys() {
            if let Some(value) = values(name).into_iter().next() {
                most.entry(name.clone()).or_insert(value);
            }
        }
        let mut made = vec![least.clone(), most.clone()];
        for name in properties.keys().map(String::as_str).chain(required.iter().copied()).take(24) {
            for value in values(name).into_iter().take(8) {
                for base in [&least, &most] {
                    let mut next = base.clone();
                    next.insert(name.to_owned(), value.clone());
                    made.push(next);
                }
            }
        }
        if let Some(inner) = schema.get("additionalProperties").filter(|inner| inner.is_object()) {
            for value in self.documents(inner, depth + 1).into_iter().take(6) {
                let mut next = least.clone();
                next.insert("x0".to_owned(), value);
                made.push(next);
            }
        }
        for (pattern, inner) in
            schema.get("patternProperties").and_then(Value::as_object).into_iter().flatten()
        {
            for value in self.documents(inner, depth + 1).into_iter().take(4) {
                for name in pattern::examples(pattern).into_iter().take(2) {
                    let mut next = least.clone();
                    next.insert(name, value.clone());
                    made.push(next);
                }
            }
        }
        made.into_iter().map(Value::Object).collect()
    }

    fn arrays(&self, schema: &Map<String, Value>, depth: usize) -> Vec<Value> {
        let prefix = ["prefixItems", "items"]
            .iter()
            .find_map(|keyword| schema.get(*keyword).and_then(Value::as_array));
        let rest = ["items", "additionalItems"]
            .iter()
            .find_map(|keyword| schema.get(*keyword).filter(|inner| inner.is_object()));
        let mut start = Vec::new();
        for inner in prefix.into_iter().flatten().take(20) {
            start.push(self.documents(inner, depth + 1).into_iter().next().unwrap_or_default());
        }
        let mut items = rest.map(|inner| self.documents(inner, depth + 1)).unwrap_or_default();
        items.extend(schema.get("contains").into_iter().flat_map(|inner| self.documents(inner, depth + 1)));
        if items.is_empty() {
            items.extend([json!(0), json!("a")]);
        }
        let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(SIZE_MAX);
        let most = schema.get("maxItems").and_then(Value::as_u64).unwrap_or(least + 2).min(SIZE_MAX);
        let mut made = vec![Value::Array(Vec::new()), Value::Array(start.clone())];
        for length in [least, least + 1, most] {
            for shift in 0..items.len().min(6) {
                let missing = usize::try_from(length).unwrap_or(0).saturating_sub(start.len());
                let tail = items.iter().cycle().skip(shift).take(missing).cloned();
                made.push(Value::Array(start.iter().cloned().chain(tail).collect()));
            }
        }
        for (index, inner) in prefix.into_iter().flatten().enumerate().take(12) {
            for value in self.documents(inner, depth + 1).into_iter().take(4) {
                let mut next = start.clone();
                if let Some(place) = next.get_mut(index) {
                    *place = value;
                }
                made.push(Value::Array(next));
            }
        }
        made
    }

    /// Documents that differ in one place.
    fn mutations(&self, document: &Value, depth: usize) -> Vec<Value> {
        let mut made = Vec::new();
        match document {
            Value::Object(members) if depth < 3 => {
                for name in &self.names {
                    if members.contains_key(name) {
                        let mut next = members.clone();
                        next.remove(name);
                        made.push(Value::Object(next));
                    }
                    for value in self.pool.iter().take(if depth == 0 { 60 } else { 16 }) {
                        let mut next = members.clone();
                        next.insert(name.clone(), value.clone());
                        made.push(Value::Object(next));
                    }
                }
                for (name, member) in members {
                    for value in self.mutations(member, depth + 1).into_iter().take(60) {
                        let mut next = members.clone();
                        next.insert(name.clone(), value);
                        made.push(Value::Object(next));
                    }
                }
            }
            Value::Array(items) if depth < 3 => {
                if let Some((last, start)) = items.split_last() {
                    made.push(Value::Array(start.to_vec()));
                    made.push(Value::Array(items.iter().cloned().chain([last.clone()]).collect()));
                }
                for value in self.pool.iter().take(40) {
                    made.push(Value::Array(items.iter().cloned().chain([value.clone()]).collect()));
                    for index in 0..items.len().min(4) {
                        let mut next = items.clone();
                        next[index] = value.clone();
                        made.push(Value::Array(next));
                    }
                }
                for (index, item) in items.iter().enumerate().take(4) {
                    for value in self.mutations(item, depth + 1).into_iter().take(40) {
                        let mut next = items.clone();
                        next[index] = value;
                        made.push(Value::Array(next));
                    }
                }
            }
            _ if depth > 0 => made.extend(self.pool.iter().take(40).cloned()),
            _ => {}
        }
        made
    }
}

/// Values at and around what the keywords of one schema name.
fn values_near(schema: &Map<String, Value>, near: &mut Vec<Value>) {
    for keyword in ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"] {
        if let Some(bound) = schema.get(keyword).and_then(Value::as_f64) {
            for value in [bound, bound + 1.0, bound - 1.0, bound + 0.5, bound * 2.0, bound / 2.0] {
                near.extend(
                    serde_json::Number::from_f64(value).and_then(|value| canonical(&Value::Number(value))),
                );
            }
        }
    }
    for keyword in ["minLength", "maxLength"] {
        if let Some(bound) = schema.get(keyword).and_then(Value::as_u64).filter(|bound| *bound < 5_000) {
            for length in [bound, bound + 1, bound.saturating_sub(1)] {
                near.push("a".repeat(usize::try_from(length).unwrap_or(0)).into());
            }
        }
    }
    for keyword in ["minItems", "maxItems"] {
        if let Some(bound) = schema.get(keyword).and_then(Value::as_u64).filter(|bound| *bound < SIZE_MAX) {
            for length in [bound, bound + 1, bound.saturating_sub(1)] {
                near.push((0..length).collect());
            }
        }
    }
    for keyword in ["minProperties", "maxProperties"] {
        if let Some(bound) = schema.get(keyword).and_then(Value::as_u64).filter(|bound| *bound < SIZE_MAX) {
            for size in [bound, bound + 1, bound.saturating_sub(1)] {
                near.push((0..size).map(|index| (format!("x{index}"), Value::Null)).collect());
            }
        }
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        near.extend(pattern::examples(pattern).into_iter().take(6).map(Value::from));
    }
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        near.extend(format::examples(format).map(Value::from));
    }
    near.extend(schema.get("const").cloned());
    for keyword in ["enum", "examples"] {
        near.extend(schema.get(keyword).and_then(Value::as_array).into_iter().flatten().take(20).cloned());
    }
    near.extend(schema.get("default").cloned());
}
