use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::subset::{Decision, Formats, decide as included};
use super::standing::alone;
use super::{samples, subschemas};

/// The formats that a validator of the newest draft checks.
const KNOWN: [&str; 17] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// Decides with formats that no validator knows.
///
/// Such a format stands for some set of strings, and the answer must hold whichever it is. What is refused although the
/// reader's say nothing, and is written although the writer's allow nothing, is refused by all of them. What is included
/// for a set and for its complement is included for all of them, if the format stands [`alone`].
pub(super) fn decide(writer: &Value, reader: &Value) -> Decision {
    let mut formats = BTreeSet::new();
    for schema in [writer, reader] {
        subschemas::any(schema, &mut |keywords| {
            let format = keywords.get("format").and_then(Value::as_str);
            formats.extend(format.filter(|format| !KNOWN.contains(format)).map(str::to_owned));
            false
        });
    }
    if formats.is_empty() {
        return match included(writer, reader, Formats::Checked) {
            Decision::Unknown { reason } => match samples::refuted(writer, reader) {
                Some(witness) => Decision::NotSubset { witness },
                None => Decision::Unknown { reason },
            },
            decided => decided,
        };
    }

    let is_negated = |schema: &Value| {
        subschemas::any(schema, &mut |keywords| {
            ["not", "if", "contains"].iter().filter_map(|keyword| keywords.get(*keyword)).any(|inner| {
                let mut inner = inner.clone();
                mean(&mut inner, &formats, Meaning::Anything)
            })
        })
    };
    if is_negated(writer) || is_negated(reader) {
        return Decision::Unknown { reason: "a `format` that isn't known is under a condition".to_owned() };
    }

    let is_unknown = |format: &str| formats.contains(format);
    let stands_alone = alone(writer, &is_unknown) && alone(reader, &is_unknown);
    let under = |schema: &Value, meaning: Meaning| {
        let mut schema = schema.clone();
        mean(&mut schema, &formats, meaning);
        schema
    };
    let certain =
        included(&under(writer, Meaning::Nothing), &under(reader, Meaning::Anything), Formats::Checked);
    if matches!(certain, Decision::NotSubset { .. }) {
        return certain;
    }
    if !stands_alone {
        return Decision::Unknown {
            reason: "a `format` that isn't known stands beside other conditions".to_owned(),
        };
    }
    for meaning in [Meaning::Marked, Meaning::Unmarked] {
        match included(&under(writer, meaning), &under(reader, meaning), Formats::Checked) {
            Decision::Subset => {}
            Decision::NotSubset { .. } => {
                let names: Vec<_> = formats.iter().map(|format| format!("{format:?}")).collect();
                let reason =
                    format!("`format` {} isn't known to be what the other side says", names.join(", "));
                return Decision::Unknown { reason };
            }
            unknown @ Decision::Unknown { .. } => return unknown,
        }
    }
    Decision::Subset
}

/// Which strings an unknown format stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Nothing,
    Anything,
    /// Those that start with a character of the format's own.
    Marked,
    Unmarked,
}

/// Writes the meaning in the place of the formats, and says whether there were any.
fn mean(schema: &mut Value, formats: &BTreeSet<String>, meaning: Meaning) -> bool {
    let marks = formats.iter().zip('\u{E000}'..);
    let marks: Vec<_> = marks.map(|(format, mark)| (format.as_str(), mark)).collect();
    let mut found = false;
    subschemas::each(schema, &mut |keywords| {
        let Some(format) = keywords.get("format").and_then(Value::as_str) else { return };
        let Some((_, mark)) = marks.iter().find(|(name, _)| *name == format) else { return };
        found = true;
        keywords.remove("format");
        let strings = match meaning {
            Meaning::Anything => return,
            Meaning::Nothing => json!({"not": {"type": "string"}}),
            Meaning::Marked => json!({"pattern": format!("^{mark}")}),
            Meaning::Unmarked => json!({"pattern": format!("^([^{mark}]|$)")}),
        };
        if let Value::Array(all) = keywords.entry("allOf").or_insert_with(|| json!([])) {
            all.push(strings);
        }
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_format_fits_itself_and_any_string() {
        let ip = json!({"type": "string", "format": "ip"});
        assert_eq!(decide(&ip, &ip), Decision::Subset);
        assert_eq!(decide(&ip, &json!({"type": "string"})), Decision::Subset);
    }

    #[test]
    fn what_depends_on_the_meaning_of_a_format_is_not_known() {
        let ip = json!({"type": "string", "format": "ip"});
        for other in [json!({"type": "string"}), json!({"type": "string", "format": "zoned-date-time"})] {
            assert!(matches!(decide(&other, &ip), Decision::Unknown { .. }));
        }
        for short in [json!({"minLength": 1}), json!({"maxLength": 5})] {
            assert!(matches!(decide(&ip, &short), Decision::Unknown { .. }));
        }
    }

    #[test]
    fn a_format_beside_a_constant_is_not_known() {
        let pair = |x: Value, y: Value| json!({"type": "object", "properties": {"x": x, "y": y}, "required": ["x", "y"]});
        let a = json!({"const": "a", "format": "house-style"});
        let b = json!({"const": "b", "format": "house-style"});
        let writer = pair(a.clone(), json!({"const": "b"}));
        assert!(matches!(decide(&writer, &pair(json!(true), b)), Decision::Unknown { .. }));
        let either = json!({"oneOf": [{"format": "house-style", "type": "string"}, {"const": "a"}]});
        let named = json!({"type": "string", "format": "house-style"});
        let reader = json!({"anyOf": [pair(either, json!(true)), pair(json!(true), named)]});
        let writer = pair(json!({"const": "a"}), json!({"const": "b"}));
        assert!(matches!(decide(&writer, &reader), Decision::Unknown { .. }));
    }

    #[test]
    fn what_does_not_depend_on_it_is_known() {
        let ip = json!({"type": "string", "format": "ip"});
        assert!(matches!(decide(&json!({"type": "integer"}), &ip), Decision::NotSubset { .. }));
    }
}
