//! Which version of JSON Schema a document is written in.

use jsonschema::Draft;
use serde_json::Value;

use super::{load_error::LoadError, walk::each_schema};

/// Finds the draft: the declared one, or else 2020-12 unless only an earlier one has what is used.
pub(super) fn draft_of(document: &Value) -> Result<Draft, LoadError> {
    let declared = document.get("$schema");
    let mut nested = None;
    each_schema(document, &mut |path, schema| {
        if !path.is_empty() && schema.get("$schema").is_some_and(|inner| Some(inner) != declared) {
            nested = Some(path.join("/"));
        }
    });
    if let Some(at) = nested {
        return Err(LoadError::Unsupported { keyword: "$schema".to_owned(), at });
    }
    match declared {
        None => undeclared(document),
        Some(Value::String(uri)) => {
            let uri = uri.trim_end_matches('#').replacen("https://", "http://", 1);
            match uri.as_str() {
                "http://json-schema.org/draft-04/schema" => Ok(Draft::Draft4),
                "http://json-schema.org/draft-06/schema" => Ok(Draft::Draft6),
                "http://json-schema.org/draft-07/schema" => Ok(Draft::Draft7),
                "http://json-schema.org/draft/2019-09/schema" => Ok(Draft::Draft201909),
                "http://json-schema.org/draft/2020-12/schema" => Ok(Draft::Draft202012),
                _ => Err(LoadError::Dialect { uri }),
            }
        }
        Some(_) => Err(LoadError::WrongType { keyword: "$schema".to_owned(), at: String::new() }),
    }
}

fn undeclared(document: &Value) -> Result<Draft, LoadError> {
    let mut uses = Uses::default();
    each_schema(document, &mut |_, schema| {
        let has = |keyword: &str| schema.contains_key(keyword);
        uses.v4 |= ["exclusiveMinimum", "exclusiveMaximum"]
            .iter()
            .any(|keyword| schema.get(*keyword).is_some_and(Value::is_boolean));
        uses.after_v4 |= ["const", "contains", "propertyNames", "if"].iter().any(|keyword| has(keyword))
            || ["exclusiveMinimum", "exclusiveMaximum"]
                .iter()
                .any(|keyword| schema.get(*keyword).is_some_and(Value::is_number));
        uses.before_2019 |= has("dependencies");
        uses.before_2020 |= schema.get("items").is_some_and(Value::is_array)
            || has("additionalItems")
            || has("$recursiveRef");
        uses.after_7 |= ["dependentRequired", "dependentSchemas", "minContains", "maxContains", "$anchor"]
            .iter()
            .any(|keyword| has(keyword))
            || has("unevaluatedItems")
            || has("unevaluatedProperties");
        uses.after_2019 |=
            ["prefixItems", "$dynamicRef", "$dynamicAnchor"].iter().any(|keyword| has(keyword));
        uses.definitions |= has("definitions");
        uses.defs |= has("$defs");
        uses.beside_reference |=
            has("$ref") && schema.keys().any(|keyword| !SAYS_NOTHING.contains(&keyword.as_str()));
    });
    let may_be_old =
        !uses.after_7 && !uses.after_2019 && (uses.definitions || uses.before_2019) && !uses.defs;
    if uses.beside_reference && may_be_old {
        return Err(LoadError::BesideReference);
    }
    let old = uses.v4 || uses.before_2019 || uses.before_2020;
    match uses {
        _ if !old => Ok(Draft::Draft202012),
        Uses { v4: true, after_v4: false, after_7: false, after_2019: false, .. } => Ok(Draft::Draft4),
        Uses { v4: false, after_7: false, after_2019: false, .. } => Ok(Draft::Draft7),
        Uses { v4: false, before_2019: false, after_2019: false, .. } => Ok(Draft::Draft201909),
        _ => Err(LoadError::MixedDrafts),
    }
}

/// What a document uses that only some drafts have.
#[derive(Default)]
struct Uses {
    v4: bool,
    after_v4: bool,
    before_2019: bool,
    before_2020: bool,
    after_7: bool,
    after_2019: bool,
    definitions: bool,
    defs: bool,
    beside_reference: bool,
}

/// Keywords that make no difference beside a reference.
const SAYS_NOTHING: &[&str] = &[
    "$comment",
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "id",
    "readOnly",
    "title",
    "writeOnly",
];
