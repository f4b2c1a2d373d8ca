//! The validators that have the last word on documents: the one place where they are built.

use super::{decision::Formats, load_error::LoadError};
use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Value, json};
use std::collections::HashMap;

/// The content keywords that the validator would otherwise assert in drafts 6 and 7.
const CONTENT_ENCODING: &str = "base64";
const CONTENT_MEDIA_TYPE: &str = "application/json";

/// Judges documents by one schema, under every reading of `format` that has to be considered.
pub(super) struct Judge {
    draft: Draft,
    readings: Vec<Validator>,
}

impl Judge {
    /// Compiles a schema.
    pub(super) fn new(schema: &Value, draft: Draft, formats: Formats) -> Result<Self, LoadError> {
        let settings: &[bool] = match formats {
            Formats::Either => &[true, false],
            Formats::Checked => &[true],
        };
        let readings =
            settings.iter().map(|asserted| build(schema, draft, *asserted)).collect::<Result<_, _>>()?;
        Ok(Self { draft, readings })
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

fn build(schema: &Value, draft: Draft, asserted: bool) -> Result<Validator, LoadError> {
    let mut options = jsonschema::options()
        .offline()
        .with_draft(draft)
        .with_pattern_options(PatternOptions::fancy_regex())
        .should_validate_formats(asserted);
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
            .or_insert_with(|| build(&json!({ "pattern": pattern }), Draft::Draft202012, true).ok());
        Some(validator.as_ref()?.is_valid(&Value::from(text)))
    }

    /// Whether the text has the format, when the format is one that the validator knows.
    pub(super) fn has_format(&mut self, format: &str, text: &str) -> Option<bool> {
        let validator = self.formats.entry(format.to_owned()).or_insert_with(|| {
            let draft = Draft::Draft202012;
            let known = jsonschema::options().with_draft(draft).is_known_format(draft, format);
            known.then(|| build(&json!({ "format": format }), draft, true).ok()).flatten()
        });
        Some(validator.as_ref()?.is_valid(&Value::from(text)))
    }
}
