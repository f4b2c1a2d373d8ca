use serde_json::Value;

use super::subschemas;

/// As schemars writes the keys of a map by `u32`, and of one by `i32`.
const UNSIGNED: &str = r"^\d+$";
const SIGNED: &str = r"^-?\d+$";

/// Says of a map by signed integers that it is one by unsigned ones, too: the same in other words, in which a writer's and a
/// reader's map are more easily held against each other.
pub(super) fn spell_out(schema: &mut Value) {
    subschemas::each(schema, &mut |keywords| {
        let Some(Value::Object(patterns)) = keywords.get_mut("patternProperties") else { return };
        if let (Some(values), false) = (patterns.get(SIGNED).cloned(), patterns.contains_key(UNSIGNED)) {
            patterns.insert(UNSIGNED.to_owned(), values);
        }
    });
}
