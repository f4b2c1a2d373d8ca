use serde_json::Value;

/// The schema that a `$ref` within the document leads to.
pub(in super::super) fn resolve<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    match reference.strip_prefix('#')? {
        "" => Some(root),
        // A percent sign stands for something else, which no derived schema needs.
        pointer if pointer.starts_with('/') && !pointer.contains('%') => root.pointer(pointer),
        _ => None,
    }
}
