//! Where a JSON Schema has schemas inside, and where it only has data.

/// Keywords that hold one schema.
pub(crate) const ONE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords that hold a list of schemas.
pub(crate) const LIST: &[&str] = &["allOf", "anyOf", "items", "oneOf", "prefixItems"];
/// Keywords that hold schemas by name.
pub(crate) const NAMED: &[&str] =
    &["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// Of these, those of the drafts before 2019-09 only, and those since then only.
const OLD: &[&str] = &["additionalItems", "definitions", "dependencies"];
const NEW: &[&str] = &[
    "$defs",
    "contentSchema",
    "dependentSchemas",
    "prefixItems",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Whether the keyword holds schemas in drafts of the other kind, so that validators may or may not look inside.
pub(crate) fn is_of_other_draft(keyword: &str, new: bool) -> bool {
    (if new { OLD } else { NEW }).contains(&keyword)
}
