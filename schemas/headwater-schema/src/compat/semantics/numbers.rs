use serde_json::{Map, Value, json};

use super::subschemas;

/// Writes the formats of numbers out as bounds, and drops them.
///
/// schemars tells `u32`, `u64` and `i64` apart by their `format` only.
pub(super) fn bound(schema: &mut Value) {
    subschemas::each(schema, &mut |keywords| {
        let Some(format) = keywords.get("format").and_then(Value::as_str) else { return };
        let Some((minimum, maximum)) = bounds(format) else { return };
        // In draft 4, a bound may be marked as excluded, which this one isn't.
        if ["exclusiveMinimum", "exclusiveMaximum"]
            .iter()
            .any(|mark| keywords.get(*mark) == Some(&json!(true)))
        {
            return;
        }
        keywords.remove("format");
        tighten(keywords, "minimum", minimum, |old, new| old < new);
        tighten(keywords, "maximum", maximum, |old, new| old > new);
    });
}

/// A `usize` is taken for a `u64`. The bounds of 128 bits are rounded to what a double holds in decimal, and alike on
/// both sides. The largest `f32` is the one that serde_json writes.
fn bounds(format: &str) -> Option<(Option<Value>, Option<Value>)> {
    let (minimum, maximum) = match format {
        "int8" => (json!(i8::MIN), json!(i8::MAX)),
        "int16" => (json!(i16::MIN), json!(i16::MAX)),
        "int32" => (json!(i32::MIN), json!(i32::MAX)),
        "int64" | "int" => (json!(i64::MIN), json!(i64::MAX)),
        "int128" => (json!(-1.701_411_834_604_69e38), json!(1.701_411_834_604_69e38)),
        "uint8" => (json!(0), json!(u8::MAX)),
        "uint16" => (json!(0), json!(u16::MAX)),
        "uint32" => (json!(0), json!(u32::MAX)),
        "uint64" | "uint" => (json!(0), json!(u64::MAX)),
        "uint128" => (json!(0), json!(3.402_823_669_209_38e38)),
        "float" => (json!(-3.402_823_5e38), json!(3.402_823_5e38)),
        "double" => return Some((None, None)),
        _ => return None,
    };
    Some((Some(minimum), Some(maximum)))
}

fn tighten(
    keywords: &mut Map<String, Value>,
    keyword: &str,
    bound: Option<Value>,
    is_looser: impl Fn(f64, f64) -> bool,
) {
    let Some(bound) = bound else { return };
    let looser = match (keywords.get(keyword).map(Value::as_f64), bound.as_f64()) {
        (None, _) => true,
        (Some(Some(old)), Some(new)) => is_looser(old, new),
        _ => false,
    };
    if looser {
        keywords.insert(keyword.to_owned(), bound);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_width_becomes_bounds_and_never_loosens_one() {
        let mut schema = json!({"type": "integer", "format": "uint32", "minimum": 1});
        bound(&mut schema);
        assert_eq!(schema, json!({"type": "integer", "minimum": 1, "maximum": 4_294_967_295_u64}));
    }

    #[test]
    fn formats_of_strings_stay() {
        let mut schema = json!({"properties": {"at": {"type": "string", "format": "date-time"}}});
        let before = schema.clone();
        bound(&mut schema);
        assert_eq!(schema, before);
    }
}
