use headwater_schema::compat::{DocumentError, read_document, written};
use jsonschema::error::ValidationErrorKind as Kind;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::Refusal;
use super::instant::is_instant;
use super::written_type::written_type;
use crate::problem::{ProblemKind, VIOLATIONS_MAX, Violation};

/// What the data of one version of an event look like: the validators of all its revisions, the newest first.
///
/// A service that writes what an older revision says is behind, and not wrong: readers take what it writes.
#[derive(Debug)]
pub(super) struct DataCheck(Vec<Revision>);

/// One registered schema, as it is written, and as it is meant: with closed objects and bounded numbers.
#[derive(Debug)]
struct Revision {
    meant: Validator,
    as_registered: Validator,
}

impl DataCheck {
    /// Compiles registered schemas, the first revision first.
    ///
    /// # Errors
    ///
    /// What the compiler says.
    pub(super) fn compile(schemas: &[Value]) -> Result<Self, Box<ValidationError<'static>>> {
        let compile = |schema: &Value| {
            jsonschema::draft202012::options()
                .should_validate_formats(true)
                .with_format("date-time", is_instant)
                .with_keyword("type", written_type)
                .build(schema)
                .map_err(|error| Box::new(error.to_owned()))
        };
        let revision = |schema: &Value| {
            Ok(Revision { meant: compile(&written(schema))?, as_registered: compile(schema)? })
        };
        schemas.iter().rev().map(revision).collect::<Result<_, _>>().map(Self)
    }

    /// Refuses data that fit no revision, and says why they don't fit the newest one.
    pub(super) fn check(&self, data: Option<&[u8]>) -> Result<(), Refusal> {
        let violation = |detail: &str| Refusal::at(ProblemKind::SCHEMA_VIOLATION, "/data", detail);
        let data = data.ok_or_else(|| violation("the event has no data, and its schema asks for some"))?;
        let document = read(data)?;
        if self.0.iter().any(|revision| revision.takes(&document)) {
            return Ok(());
        }
        let violations = self.0.first().map(|newest| newest.violations(&document)).unwrap_or_default();
        let first =
            violations.first().map_or(String::new(), |first| format!(": {} {}", first.pointer, first.detail));
        Err(Refusal {
            kind: ProblemKind::SCHEMA_VIOLATION,
            detail: format!("the data don't fit the schema that is registered for the event{first}"),
            violations,
        })
    }
}

impl Revision {
    fn takes(&self, document: &Value) -> bool {
        self.meant.is_valid(document) && self.as_registered.is_valid(document)
    }

    fn violations(&self, document: &Value) -> Vec<Violation> {
        let mut violations = Vec::new();
        let errors = self.meant.iter_errors(document).chain(self.as_registered.iter_errors(document));
        for error in errors {
            collect(&error, &mut violations);
            if violations.len() >= VIOLATIONS_MAX {
                violations.truncate(VIOLATIONS_MAX);
                break;
            }
        }
        violations
    }
}

/// Reads data so that they mean one thing: readers differ in which of two equal keys they take.
fn read(data: &[u8]) -> Result<Value, Refusal> {
    let malformed = |detail: String| Refusal::at(ProblemKind::MALFORMED_EVENT, "/data", detail);
    let text =
        std::str::from_utf8(data).map_err(|error| malformed(format!("the data aren't UTF-8: {error}")))?;
    match read_document(text) {
        Ok(document) => Ok(document),
        // A number with more digits than a reader keeps is a number all the same.
        Err(DocumentError::Inexact { .. }) => serde_json::from_str(text)
            .map_err(|error| malformed(format!("the data aren't JSON that a reader can take: {error}"))),
        Err(DocumentError::Json(error)) => {
            Err(malformed(format!("the data aren't JSON that means one thing: {error}")))
        }
        Err(error) => Err(malformed(error.to_string())),
    }
}

/// A missing or unexpected property is reported at its own place.
fn collect(error: &ValidationError<'_>, violations: &mut Vec<Violation>) {
    let mut push = |property: &str, detail: String| {
        // Nobody is told more, and to compare each with all others takes long.
        if violations.len() >= VIOLATIONS_MAX {
            return;
        }
        let property = match property {
            "" => String::new(),
            name => format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        };
        let violation = Violation { pointer: format!("/data{}{property}", error.instance_path()), detail };
        if !violations.contains(&violation) {
            violations.push(violation);
        }
    };
    match error.kind() {
        Kind::Required { property } => push(property.as_str().unwrap_or_default(), "is missing".to_owned()),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected.iter().take(VIOLATIONS_MAX) {
                push(name, "isn't part of the schema".to_owned());
            }
        }
        Kind::Custom { message, .. } => push("", message.clone()),
        // What was sent is not repeated: it may be long, and it may be somebody's.
        _ => push("", error.masked_with("the value").to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(schemas: &[Value], data: &str) -> Result<(), Vec<(String, String)>> {
        let check = DataCheck::compile(schemas).unwrap();
        let pairs = |refusal: Refusal| {
            refusal.violations.into_iter().map(|violation| (violation.pointer, violation.detail)).collect()
        };
        check.check(Some(data.as_bytes())).map_err(pairs)
    }

    fn object(properties: Value) -> Value {
        json!({"type": "object", "properties": properties})
    }

    #[test]
    fn an_integer_is_one_only_when_it_is_written_as_one() {
        let schema = object(json!({
            "one": {"type": ["integer", "null"], "format": "int32"},
            "many": {"type": "array", "items": {"type": "integer", "format": "uint8"}},
            "real": {"type": "number", "format": "double"},
        }));
        let schemas = [schema];
        assert_eq!(check(&schemas, r#"{"one":5,"many":[1,2],"real":5}"#), Ok(()));
        assert_eq!(check(&schemas, r#"{"one":null,"many":[],"real":5.0}"#), Ok(()));
        for refused in [r#"{"one":5.0}"#, r#"{"one":5e0}"#, r#"{"many":[1,2.0]}"#, r#"{"one":-0}"#] {
            assert!(check(&schemas, refused).is_err(), "{refused}");
        }
    }

    #[test]
    fn the_width_of_a_number_is_a_bound() {
        let schemas = [object(json!({"minutes": {"type": "integer", "format": "int32"}}))];
        assert_eq!(check(&schemas, r#"{"minutes":2147483647}"#), Ok(()));
        assert!(check(&schemas, r#"{"minutes":2147483648}"#).is_err());
    }

    #[test]
    fn what_the_schema_does_not_name_is_refused_where_it_stands() {
        let schemas = [object(json!({"a/b": {"type": "string"}}))];
        let refused = check(&schemas, r#"{"a/b":"x","c/d":1}"#).unwrap_err();
        assert_eq!(refused, [("/data/c~1d".to_owned(), "isn't part of the schema".to_owned())]);
    }

    #[test]
    fn a_text_without_its_format_is_refused() {
        let schemas = [object(json!({"at": {"type": "string", "format": "date-time"}}))];
        assert_eq!(check(&schemas, r#"{"at":"2013-01-01T10:17:00Z"}"#), Ok(()));
        let refused = check(&schemas, r#"{"at":"yesterday"}"#).unwrap_err();
        assert_eq!(refused, [("/data/at".to_owned(), "the value is not a \"date-time\"".to_owned())]);
    }

    #[test]
    fn what_an_older_revision_writes_still_gets_in() {
        let old = object(json!({"a": {"type": "string"}}));
        let mut new = object(json!({"a": {"type": "string"}, "b": {"type": "string"}}));
        new["required"] = json!(["b"]);
        assert_eq!(check(&[old.clone(), new.clone()], r#"{"a":"x"}"#), Ok(()));
        let refused = check(&[old, new], r#"{"a":1}"#).unwrap_err();
        assert_eq!(refused[1], ("/data/b".to_owned(), "is missing".to_owned()), "{refused:?}");
    }

    #[test]
    fn data_that_mean_two_things_are_refused() {
        let schemas = [object(json!({"a": {"type": "integer"}}))];
        for refused in [r#"{"a":1,"a":2}"#, "{", "", "\u{feff}{}", "nul"] {
            assert!(check(&schemas, refused).is_err(), "{refused}");
        }
        let check = DataCheck::compile(&schemas).unwrap();
        assert_eq!(check.check(Some(b"\"\xff\"")).unwrap_err().kind, ProblemKind::MALFORMED_EVENT);
        assert_eq!(check.check(None).unwrap_err().kind, ProblemKind::SCHEMA_VIOLATION);
    }

    #[test]
    fn a_number_with_many_digits_is_a_number() {
        let schemas = [object(json!({"a": {"type": "number"}}))];
        assert_eq!(check(&schemas, r#"{"a":0.1000000000000000000000000000000000001}"#), Ok(()));
        assert!(check(&schemas, r#"{"a":1e999}"#).is_err());
    }
}
