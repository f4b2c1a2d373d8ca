use jsonschema::ValidationError;
use jsonschema::error::ValidationErrorKind as Kind;
use serde_json::Value;

/// A place of a document, and the keyword that refuses it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) pointer: String,
    /// A keyword of JSON Schema, or what is meant by several: `variant` and `variants` for a union of which none or more
    /// than one matches.
    pub(super) keyword: String,
    /// What the validator says.
    pub(super) message: String,
}

/// All that a schema refuses in a document.
pub(super) fn refusals(schema: &Value, document: &Value, check_formats: bool) -> Vec<Refusal> {
    let validator = jsonschema::options().should_validate_formats(check_formats).build(schema);
    let Ok(validator) = validator else { return Vec::new() };
    let mut found = Vec::new();
    for error in validator.iter_errors(document) {
        collect(&error, document, &mut found);
    }
    found
}

fn collect(error: &ValidationError<'_>, document: &Value, found: &mut Vec<Refusal>) {
    let pointer = error.instance_path().to_string();
    let mut push = |pointer: String, keyword: &str| {
        found.push(Refusal { pointer, keyword: keyword.to_owned(), message: error.to_string() });
    };
    match error.kind() {
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            match nearest(context, &pointer, document) {
                Some(branch) => {
                    for error in branch {
                        collect(error, document, found);
                    }
                }
                None => push(pointer, "variant"),
            }
        }
        Kind::OneOfMultipleValid { .. } => push(pointer, "variants"),
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default().replace('~', "~0").replace('/', "~1");
            push(format!("{pointer}/{name}"), "required");
        }
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            for name in unexpected {
                let name = name.replace('~', "~0").replace('/', "~1");
                push(format!("{pointer}/{name}"), error.kind().keyword());
            }
        }
        kind => push(pointer, kind.keyword()),
    }
}

/// The branch that the document was meant for, if there is one: its type and its tag are right.
fn nearest<'e>(
    branches: &'e [Vec<ValidationError<'static>>],
    pointer: &str,
    document: &Value,
) -> Option<&'e [ValidationError<'static>]> {
    let is_meant = |errors: &&Vec<ValidationError<'static>>| {
        !errors.iter().any(|error| {
            let at = error.instance_path().to_string();
            let below = at.strip_prefix(pointer).unwrap_or(&at);
            let depth = below.matches('/').count();
            match error.kind() {
                Kind::Type { .. } => depth == 0,
                // Within a branch, a constant one level down is a tag.
                Kind::Constant { .. } | Kind::Enum { .. } => depth <= 1,
                Kind::FalseSchema | Kind::Not { .. } => depth <= 1,
                Kind::Required { property } => {
                    // An externally tagged variant requires its tag and nothing else.
                    depth == 0 && is_only_key_wrong(errors, property, document.pointer(pointer))
                }
                _ => false,
            }
        })
    };
    let mut meant = branches.iter().filter(is_meant);
    let first = meant.next()?;
    let fewest = meant.fold(first, |fewest, other| if other.len() < fewest.len() { other } else { fewest });
    Some(fewest)
}

/// Whether a required key is missing where another one, alone, is not expected.
fn is_only_key_wrong(errors: &[ValidationError<'static>], property: &Value, object: Option<&Value>) -> bool {
    let alone = object.and_then(Value::as_object).is_some_and(|members| members.len() == 1);
    let unexpected = errors.iter().any(|error| matches!(error.kind(), Kind::AdditionalProperties { .. }));
    alone && unexpected && property.is_string()
}
