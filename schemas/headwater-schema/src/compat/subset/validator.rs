//! The validators that have the last word on documents: the one place where they are built.

use std::collections::{BTreeSet, HashMap};

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Value, json};

use super::{decision::Formats, load_error::LoadError, schema::STRING_FORMATS};

/// The content keywords that the validator would otherwise assert in drafts 6 and 7.
const CONTENT_ENCODING: &str = "base64";
const CONTENT_MEDIA_TYPE: &str = "application/json";

/// Judges documents by one schema, under every reading of `format` that has to be considered.
///
/// A format of the standard that the validator doesn't check may refuse any string: what depends on one has no verdict.
/// Of other formats, the validator says what nearly all do, which is nothing; that suffices for a witness, not for a proof.
pub(super) struct Judge {
    draft: Draft,
    readings: Vec<Validator>,
    sees_all: bool,
}

impl Judge {
    /// Compiles a schema.
    pub(super) fn new(schema: &Value, draft: Draft, formats: Formats) -> Result<Self, LoadError> {
        let mut unchecked = BTreeSet::new();
        collect_unchecked(schema, draft, &mut unchecked);
        let mut settings: Vec<Option<&BTreeSet<&str>>> = Vec::new();
        let none = BTreeSet::new();
        if formats == Formats::Either {
            settings.push(None);
        }
        settings.push(Some(&none));
        if unchecked.iter().any(|format| STRING_FORMATS.contains(format)) {
            settings.push(Some(&unchecked));
        }
        let readings =
            settings.into_iter().map(|refused| build(schema, draft, refused)).collect::<Result<_, _>>()?;
        Ok(Self { draft, readings, sees_all: unchecked.is_empty() })
    }

    /// Whether its verdicts can carry a proof: it checks every format of the schema.
    pub(super) fn sees_all(&self) -> bool {
        self.sees_all
    }

    /// Whether it judges by draft 4, in which 1.0 is no integer.
    pub(super) fn is_draft4(&self) -> bool {
        self.draft == Draft::Draft4
    }

    /// Whether the document is valid, if all readings agree.
    pub(super) fn verdict(&self, document: &Value) -> Option<bool> {
        let mut verdicts = self.readings.iter().map(|reading| reading.is_valid(document));
        let first = verdicts.next()?;
        verdicts.all(|verdict| verdict == first).then_some(first)
    }
}

/// The formats of a schema that the validator takes for annotations; what only looks like a format counts, too.
fn collect_unchecked<'s>(schema: &'s Value, draft: Draft, found: &mut BTreeSet<&'s str>) {
    match schema {
        Value::Object(members) => {
            let format = members.get("format").and_then(Value::as_str);
            found.extend(format.filter(|format| !is_checked(format, draft)));
            members.values().for_each(|member| collect_unchecked(member, draft, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect_unchecked(item, draft, found)),
        _ => {}
    }
}

/// Whether the validator checks the format in schemas of this draft.
pub(super) fn is_checked(format: &str, draft: Draft) -> bool {
    jsonschema::options().with_draft(draft).is_known_format(draft, format)
}

/// Compiles a schema; formats are asserted if a set of further ones, which no string has, is given.
fn build(schema: &Value, draft: Draft, refused: Option<&BTreeSet<&str>>) -> Result<Validator, LoadError> {
    let asserted = refused.is_some();
    let mut options = jsonschema::options()
        .offline()
        .with_draft(draft)
        .with_pattern_options(PatternOptions::fancy_regex())
        .should_validate_formats(asserted);
    for format in refused.into_iter().flatten().filter(|format| STRING_FORMATS.contains(format)) {
        options = options.with_format((*format).to_owned(), |_: &str| false);
    }
    if !asserted {
        options = options
            .without_content_encoding_support(CONTENT_ENCODING)
            .without_content_media_type_support(CONTENT_MEDIA_TYPE);
    }
    options.build(schema).map_err(|error| {
        let message: String = error.to_string().chars().take(200).collect();
        LoadError::Refused { message }
    })
}

/// Whether strings match patterns and formats, as the validator sees it.
#[derive(Default)]
pub(super) struct Strings {
    patterns: HashMap<String, Option<Validator>>,
    formats: HashMap<String, Option<Validator>>,
}

impl Strings {
    /// Whether the pattern is found in the text.
    pub(super) fn matches(&mut self, pattern: &str, text: &str) -> Option<bool> {
        let validator = self
            .patterns
            .entry(pattern.to_owned())
            .or_insert_with(|| build(&json!({ "pattern": pattern }), Draft::Draft202012, None).ok());
        Some(validator.as_ref()?.is_valid(&Value::from(text)))
    }

    /// Whether the text has the format, when the format is one that the validator knows.
    pub(super) fn has_format(&mut self, format: &str, text: &str) -> Option<bool> {
        let validator = self.formats.entry(format.to_owned()).or_insert_with(|| {
            let draft = Draft::Draft202012;
            let schema = json!({ "format": format });
            is_checked(format, draft).then(|| build(&schema, draft, Some(&BTreeSet::new())).ok()).flatten()
        });
        Some(validator.as_ref()?.is_valid(&Value::from(text)))
    }
}
