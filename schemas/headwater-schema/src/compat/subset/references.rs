//! Where the references of a document lead.

use std::collections::HashMap;

use jsonschema::{Draft, Uri, uri};
use serde_json::{Map, Value};

use super::{load_error::LoadError, walk::each_schema};
use crate::keywords::is_of_other_draft;

/// The base of a document that has no identifier of its own, as the validator has it.
const NO_BASE: &str = "json-schema:///";

/// The places in one document that references can name.
#[derive(Debug)]
pub(super) struct References<'a> {
    document: &'a Value,
    id_keyword: &'static str,
    /// Where the schemas with an identifier are, and the document itself.
    resources: HashMap<String, Option<String>>,
    /// The identifier of each such place.
    bases: HashMap<String, String>,
    /// By the identifier that they belong to, and their name.
    anchors: HashMap<(String, String), Option<String>>,
    /// Names that a dynamic reference may find in several places, or that a schema elsewhere may look for.
    dynamic: HashMap<String, usize>,
    /// Whether the meaning of an identifier is open, and so that of every reference.
    doubtful: bool,
    /// Whether it is open which identifier the document has, and so what a reference is relative to.
    doubtful_base: bool,
}

/// What a reference names.
#[derive(Debug, PartialEq)]
pub(super) enum Referred {
    /// The schema at this JSON pointer.
    Here(String),
    /// A schema of schemas, which the validator has.
    Metaschema(String),
}

impl<'a> References<'a> {
    /// Collects the names that the document gives to its parts.
    pub(super) fn of(document: &'a Value, draft: Draft) -> Result<Self, LoadError> {
        let new = matches!(draft, Draft::Draft201909 | Draft::Draft202012);
        let mut references = Self {
            document,
            id_keyword: if draft == Draft::Draft4 { "id" } else { "$id" },
            resources: HashMap::new(),
            bases: HashMap::new(),
            anchors: HashMap::new(),
            dynamic: HashMap::new(),
            doubtful: false,
            doubtful_base: false,
        };
        references.name_resource(NO_BASE.to_owned(), String::new());
        let mut schemas = Vec::new();
        each_schema(document, &mut |path, schema| schemas.push((path.to_vec(), schema)));
        // The outer ones first: an identifier counts from the one around it.
        schemas.sort_by_key(|(path, _)| path.len());
        for (path, schema) in &schemas {
            references.name_by_id(path, schema, new)?;
        }
        if new {
            for (path, schema) in &schemas {
                references.name_anchors(path, schema);
            }
        }
        Ok(references)
    }

    /// What the reference in the schema at a JSON pointer names.
    pub(super) fn resolve(&self, reference: &str, at: &str) -> Result<Referred, LoadError> {
        let (relative, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if self.doubtful || self.doubtful_base && !relative.is_empty() {
            return Err(self.unsupported(at));
        }
        self.refuse_unseen_ids(at)?;
        let base = self.base(at);
        let said = || (reference.to_owned(), at.trim_start_matches('/').to_owned());
        let unresolved = || {
            let (reference, at) = said();
            LoadError::Unresolved { reference, at }
        };
        let absolute = if relative.is_empty() { base.to_owned() } else { absolute(base, relative)? };
        let Some(resource) = self.resources.get(&absolute) else {
            // What the schema of schemas refers to dynamically may be found in this document.
            if absolute.contains("://json-schema.org/draft") && self.dynamic.is_empty() {
                return Ok(Referred::Metaschema(format!("{absolute}#{fragment}")));
            }
            let (reference, at) = said();
            return Err(LoadError::Remote { reference, at });
        };
        let resource = resource.as_ref().ok_or_else(|| self.unsupported(at))?;
        let fragment =
            percent_encoding::percent_decode_str(fragment).decode_utf8().map_err(|_| unresolved())?;
        let place = if fragment.is_empty() || fragment.starts_with('/') {
            format!("{resource}{fragment}")
        } else {
            let anchor = self.anchors.get(&(absolute, fragment.into_owned()));
            anchor.cloned().flatten().ok_or_else(unresolved)?
        };
        self.refuse_unseen_ids(&place)?;
        Ok(Referred::Here(place))
    }

    /// The same of a dynamic reference, if it can lead to one place only.
    pub(super) fn resolve_dynamic(
        &self,
        keyword: &str,
        reference: &str,
        at: &str,
    ) -> Result<Referred, LoadError> {
        let (_, name) = reference.split_once('#').unwrap_or((reference, ""));
        if self.dynamic.get(name).is_some_and(|places| *places > 1) {
            let at = at.trim_start_matches('/').to_owned();
            return Err(LoadError::Unsupported { keyword: keyword.to_owned(), at });
        }
        self.resolve(reference, at)
    }

    /// The identifier of the innermost resource around a place.
    fn base(&self, at: &str) -> &str {
        ancestors(at).find_map(|place| self.bases.get(place)).map_or(NO_BASE, String::as_str)
    }

    /// Refuses a way through an identifier that isn't where a schema is expected.
    fn refuse_unseen_ids(&self, place: &str) -> Result<(), LoadError> {
        for around in ancestors(place) {
            let id = self.document.pointer(around).and_then(|schema| schema.get(self.id_keyword));
            let anchor = |id: &Value| id.as_str().is_some_and(|id| id.starts_with('#'));
            if id.is_some_and(|id| id.is_string() && !anchor(id)) && !self.bases.contains_key(around) {
                return Err(self.unsupported(place));
            }
        }
        Ok(())
    }

    fn unsupported(&self, at: &str) -> LoadError {
        LoadError::Unsupported {
            keyword: self.id_keyword.to_owned(),
            at: at.trim_start_matches('/').to_owned(),
        }
    }

    fn name_by_id(
        &mut self,
        path: &[String],
        schema: &Map<String, Value>,
        new: bool,
    ) -> Result<(), LoadError> {
        let Some(id) = schema.get(self.id_keyword).and_then(Value::as_str) else { return Ok(()) };
        if !new && schema.contains_key("$ref") {
            // Nothing beside a reference counts, and yet not all validators see it that way.
            if path.is_empty() {
                self.doubtful_base = true;
            } else {
                self.doubtful = true;
            }
            return Ok(());
        }
        let place = pointer(path);
        let base = self.base(&place).to_owned();
        match id.split_once('#') {
            Some(("", anchor)) if !new && !anchor.is_empty() => self.name_anchor(base, anchor, place),
            Some((_, fragment)) if !fragment.is_empty() => self.doubtful = true,
            _ if path.iter().any(|token| is_of_other_draft(token, new)) => self.doubtful = true,
            _ => {
                let id = absolute(&base, id.trim_end_matches('#'))?;
                self.name_resource(id, place);
            }
        }
        Ok(())
    }

    fn name_anchors(&mut self, path: &[String], schema: &Map<String, Value>) {
        if schema.get("$recursiveAnchor") == Some(&Value::Bool(true)) {
            *self.dynamic.entry(String::new()).or_default() += 1;
        }
        for keyword in ["$anchor", "$dynamicAnchor"] {
            let Some(anchor) = schema.get(keyword).and_then(Value::as_str) else { continue };
            let place = pointer(path);
            let base = self.base(&place).to_owned();
            self.name_anchor(base, anchor, place);
            if keyword == "$dynamicAnchor" {
                *self.dynamic.entry(anchor.to_owned()).or_default() += 1;
            }
        }
    }

    /// An anchor that is there twice names nothing that can be relied on.
    fn name_anchor(&mut self, base: String, anchor: &str, place: String) {
        let known = self.anchors.entry((base, anchor.to_owned())).or_insert_with(|| Some(place.clone()));
        if known.as_ref() != Some(&place) {
            *known = None;
        }
    }

    fn name_resource(&mut self, id: String, place: String) {
        let known = self.resources.entry(id.clone()).or_insert_with(|| Some(place.clone()));
        if known.as_ref() != Some(&place) {
            *known = None;
        }
        self.bases.insert(place, id);
    }
}

/// A reference without its fragment, from the identifier around it.
fn absolute(base: &str, relative: &str) -> Result<String, LoadError> {
    let wrong = || LoadError::WrongUri { uri: relative.to_owned() };
    let base: Uri<String> = uri::from_str(base).map_err(|_| wrong())?;
    let absolute = uri::resolve_against(&base.borrow(), relative).map_err(|_| wrong())?;
    Ok(absolute.normalize().as_str().to_owned())
}

/// The pointer and those of everything around it, the innermost first.
fn ancestors(pointer: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(pointer), |inner| inner.rfind('/').map(|end| &inner[..end]))
}

/// The JSON pointer that goes along these names.
pub(super) fn pointer(path: &[String]) -> String {
    path.iter().map(|token| format!("/{}", token.replace('~', "~0").replace('/', "~1"))).collect()
}

/// The names that a JSON pointer goes along.
pub(super) fn tokens(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|token| token.replace("~1", "/").replace("~0", "~")).collect()
}
