use serde_json::{Value, json};

use super::super::subset::{Decision, Formats, SAMPLES, decide};
use super::subschemas;

/// A document of the writer that the reader refuses, if one is found among the documents whose strings with a format are
/// samples.
pub(super) fn refuted(writer: &Value, reader: &Value) -> Option<Value> {
    let mut sampled = writer.clone();
    let mut found = false;
    subschemas::each(&mut sampled, &mut |keywords| {
        let format = keywords.get("format").and_then(Value::as_str);
        let sample = SAMPLES.iter().find(|(name, _)| Some(*name) == format);
        if let (Some((_, sample)), Value::Array(all)) =
            (sample, keywords.entry("allOf").or_insert_with(|| json!([])))
        {
            found = true;
            all.push(json!({"anyOf": [{"not": {"type": "string"}}, {"const": sample}]}));
        }
        if keywords.get("allOf") == Some(&json!([])) {
            keywords.remove("allOf");
        }
    });
    if !found {
        return None;
    }
    let Decision::NotSubset { witness } = decide(&sampled, reader, Formats::Checked) else { return None };
    // A sample that was put under a condition may have let in too much.
    let takes = |schema: &Value| {
        let validator = jsonschema::options().should_validate_formats(true).build(schema).ok()?;
        Some(validator.is_valid(&witness))
    };
    (takes(writer)? && !takes(reader)?).then_some(witness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_format_is_told_from_another() {
        let of = |format: &str| json!({"type": "object", "properties": {"at": {"type": "string", "format": format}}});
        let witness = refuted(&of("date"), &of("date-time"));
        assert_eq!(witness, Some(json!({"at": "2013-01-01"})));
    }
}
