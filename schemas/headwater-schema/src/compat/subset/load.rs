//! From JSON Schema documents to formulas.

use std::collections::HashMap;

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::{
    dialect::draft_of,
    load_error::LoadError,
    references::{References, Referred, pointer, tokens},
    schema::{Atom, Lit, Node, Slot, Store},
    walk::nesting,
};

/// Deeper documents are refused, so that no recursion over them can exhaust the stack.
const NESTING_MAX: usize = 100;
/// Larger schemas are refused, so that every question ends soon.
const FORMULAS_MAX: usize = 60_000;
/// A chain of references adds to the depth of the recursion that loads them.
const DEPTH_MAX: usize = 250;

/// A document on its way into the [`Store`].
pub(super) struct Loader<'a> {
    pub(super) store: &'a mut Store,
    pub(super) draft: Draft,
    pub(super) document: &'a Value,
    pub(super) references: References<'a>,
    targets: HashMap<String, Target>,
    /// The formulas of schemas on which it depends what is unevaluated, by where they are.
    pub(super) conditions: HashMap<String, Lit>,
    depth: usize,
    /// Tells equal text in two documents apart where it may mean different things.
    name: &'static str,
}

#[derive(Clone, Copy)]
enum Target {
    Loading(Slot),
    Loaded(Lit),
}

/// Loads a document; `name` tells it apart from the other one.
pub(super) fn load(store: &mut Store, document: &Value, name: &'static str) -> Result<Lit, LoadError> {
    if nesting(document) > NESTING_MAX {
        return Err(LoadError::TooLarge);
    }
    let draft = draft_of(document)?;
    let references = References::of(document, draft)?;
    let (targets, conditions) = (HashMap::new(), HashMap::new());
    Loader { store, draft, document, references, targets, conditions, depth: 0, name }.target("")
}

impl Loader<'_> {
    /// The formula of the schema that a pointer names.
    fn target(&mut self, at: &str) -> Result<Lit, LoadError> {
        match self.targets.get(at) {
            Some(Target::Loaded(lit)) => return Ok(*lit),
            Some(Target::Loading(slot)) => {
                let slot = *slot;
                return Ok(self.store.intern(Node::Ref(slot)));
            }
            None => {}
        }
        let document = self.document;
        let unresolved = || LoadError::Unresolved { reference: at.to_owned(), at: String::new() };
        let schema = document.pointer(at).ok_or_else(unresolved)?;
        let slot = self.store.slot();
        self.targets.insert(at.to_owned(), Target::Loading(slot));
        let lit = self.schema(schema, &mut tokens(at))?;
        self.store.fill(slot, lit);
        self.targets.insert(at.to_owned(), Target::Loaded(lit));
        Ok(lit)
    }

    /// The formula of a schema at a place.
    pub(super) fn schema(&mut self, schema: &Value, path: &mut Vec<String>) -> Result<Lit, LoadError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX || self.store.len() > FORMULAS_MAX {
            return Err(LoadError::TooLarge);
        }
        let lit = match schema {
            Value::Bool(true) => Ok(self.store.always()),
            Value::Bool(false) => Ok(self.store.never()),
            Value::Object(object) => self.object(object, path),
            _ => Err(LoadError::WrongType { keyword: "schema".to_owned(), at: path.join("/") }),
        };
        self.depth -= 1;
        lit
    }

    fn object(&mut self, schema: &Map<String, Value>, path: &mut Vec<String>) -> Result<Lit, LoadError> {
        let new = matches!(self.draft, Draft::Draft201909 | Draft::Draft202012);
        let mut parts = Vec::new();
        let keywords: &[&str] = match self.draft {
            Draft::Draft202012 => &["$ref", "$dynamicRef"],
            Draft::Draft201909 => &["$ref", "$recursiveRef"],
            _ => &["$ref"],
        };
        for keyword in keywords {
            match schema.get(*keyword) {
                None => {}
                Some(Value::String(reference)) => {
                    let at = pointer(path);
                    let referred = match *keyword {
                        "$ref" => self.references.resolve(reference, &at)?,
                        _ => self.references.resolve_dynamic(keyword, reference, &at)?,
                    };
                    parts.push(match referred {
                        Referred::Here(target) => self.target(&target)?,
                        Referred::Metaschema(uri) => {
                            self.store.atom(Atom::Opaque(None, format!("metaschema {uri}")))
                        }
                    });
                    if !new {
                        return Ok(self.store.all(parts));
                    }
                }
                Some(_) => return Err(wrong_type(keyword, path)),
            }
        }
        self.assertions(schema, path, &mut parts)?;
        self.applicators(schema, path, &mut parts)?;
        Ok(self.store.all(parts))
    }

    /// The formula of the schema that a keyword of `schema` has as its value.
    pub(super) fn inner(
        &mut self,
        schema: &Map<String, Value>,
        keyword: &str,
        path: &mut Vec<String>,
    ) -> Result<Option<Lit>, LoadError> {
        let Some(inner) = schema.get(keyword) else { return Ok(None) };
        path.push(keyword.to_owned());
        let lit = self.schema(inner, path)?;
        path.pop();
        Ok(Some(lit))
    }

    /// The formulas of the schemas that a keyword of `schema` lists.
    pub(super) fn inner_list(
        &mut self,
        schema: &Map<String, Value>,
        keyword: &str,
        path: &mut Vec<String>,
    ) -> Result<Option<Vec<Lit>>, LoadError> {
        let list = match schema.get(keyword) {
            None => return Ok(None),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(wrong_type(keyword, path)),
        };
        path.push(keyword.to_owned());
        let mut lits = Vec::new();
        for (index, inner) in list.iter().enumerate() {
            path.push(index.to_string());
            lits.push(self.schema(inner, path)?);
            path.pop();
        }
        path.pop();
        Ok(Some(lits))
    }

    /// The formulas of the schemas that a keyword of `schema` has by name.
    pub(super) fn inner_map(
        &mut self,
        schema: &Map<String, Value>,
        keyword: &str,
        path: &mut Vec<String>,
    ) -> Result<Vec<(String, Lit)>, LoadError> {
        let map = match schema.get(keyword) {
            None => return Ok(Vec::new()),
            Some(Value::Object(map)) => map,
            Some(_) => return Err(wrong_type(keyword, path)),
        };
        path.push(keyword.to_owned());
        let mut lits = Vec::new();
        for (name, inner) in map {
            path.push(name.clone());
            lits.push((name.clone(), self.schema(inner, path)?));
            path.pop();
        }
        path.pop();
        Ok(lits)
    }

    /// Text that is equal in two places only if it means the same there.
    pub(super) fn opaque_text(&self, what: &Value, path: &[String]) -> String {
        let text = what.to_string();
        if text.contains("Ref\"") || text.contains("$ref\"") {
            return format!("{}{} {text}", self.name, pointer(path));
        }
        format!("{:?} {text}", self.draft)
    }
}

/// The error for a keyword whose value has the wrong type.
pub(super) fn wrong_type(keyword: &str, path: &[String]) -> LoadError {
    LoadError::WrongType { keyword: keyword.to_owned(), at: path.join("/") }
}
