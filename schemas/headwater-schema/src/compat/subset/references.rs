//! Where the references of a document lead.

use super::{load_error::LoadError, walk::each_schema};
use jsonschema::Draft;
use serde_json::Value;
use std::collections::HashMap;

/// The places in one document that references can name.
#[derive(Debug)]
pub(super) struct References {
    base: Option<String>,
    anchors: HashMap<String, Option<String>>,
    embedded: bool,
}

impl References {
    /// Collects the names that the document gives to its parts.
    pub(super) fn of(document: &Value, draft: Draft) -> Self {
        let id_keyword = if draft == Draft::Draft4 { "id" } else { "$id" };
        let base = document
            .get(id_keyword)
            .and_then(Value::as_str)
            .map(|id| id.trim_end_matches('#').to_owned())
            .filter(|id| !id.is_empty());
        let mut anchors: HashMap<String, Option<String>> = HashMap::new();
        let mut embedded = false;
        each_schema(document, &mut |path, schema| {
            let mut name = |anchor: &str| {
                // An anchor that is there twice names nothing that can be relied on.
                let place = pointer(path);
                anchors
                    .entry(anchor.to_owned())
                    .and_modify(|known| {
                        if known.as_ref() != Some(&place) {
                            *known = None;
                        }
                    })
                    .or_insert(Some(place.clone()));
            };
            let new = matches!(draft, Draft::Draft201909 | Draft::Draft202012);
            if new {
                for keyword in ["$anchor", "$dynamicAnchor"] {
                    if let Some(anchor) = schema.get(keyword).and_then(Value::as_str) {
                        name(anchor);
                    }
                }
            }
            if let Some(id) = schema.get(id_keyword).and_then(Value::as_str) {
                match id.strip_prefix('#') {
                    Some(anchor) if !new => name(anchor),
                    _ => embedded |= !path.is_empty(),
                }
            }
        });
        Self { base, anchors, embedded }
    }

    /// The JSON pointer of the schema that the reference names.
    pub(super) fn resolve(&self, reference: &str, at: &str) -> Result<String, LoadError> {
        if self.embedded {
            return Err(LoadError::Unsupported { keyword: "$id".to_owned(), at: at.to_owned() });
        }
        let (document, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if !document.is_empty() && self.base.as_deref() != Some(document) {
            return Err(LoadError::Remote { reference: reference.to_owned(), at: at.to_owned() });
        }
        let unresolved = || LoadError::Unresolved { reference: reference.to_owned(), at: at.to_owned() };
        let fragment =
            percent_encoding::percent_decode_str(fragment).decode_utf8().map_err(|_| unresolved())?;
        if fragment.is_empty() || fragment.starts_with('/') {
            return Ok(fragment.into_owned());
        }
        self.anchors.get(fragment.as_ref()).cloned().flatten().ok_or_else(unresolved)
    }
}

/// The JSON pointer that goes along these names.
pub(super) fn pointer(path: &[String]) -> String {
    path.iter().map(|token| format!("/{}", token.replace('~', "~0").replace('/', "~1"))).collect()
}
