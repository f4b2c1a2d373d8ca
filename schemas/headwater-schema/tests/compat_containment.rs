//! Pairs of schemas whose truth is known: no answer is unsound, and none that was right has become unknown.
//!
//! Pairs that name the JSON-Schema-Test-Suite (MIT) are derived from its cases: a document against a schema.

use headwater_schema::compat::subset::{Decision, Formats, decide};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
struct Pair {
    narrow: Value,
    wide: Value,
    expected: bool,
    formats: String,
    source: String,
    /// Whether it is known to be decided.
    decided: bool,
}

#[test]
fn no_answer_is_wrong_and_none_is_lost() {
    let mut problems = Vec::new();
    let (mut right, mut unknown) = (0, 0);
    for line in include_str!("compat/containment.jsonl").lines() {
        let pair: Pair = serde_json::from_str(line).unwrap();
        let formats = if pair.formats == "checked" { Formats::Checked } else { Formats::Either };
        let Pair { narrow, wide, expected, source, .. } = &pair;
        match decide(narrow, wide, formats) {
            Decision::Subset if *expected => right += 1,
            Decision::NotSubset { witness } if !*expected => {
                right += 1;
                let is_valid = |schema: &Value| {
                    let options = jsonschema::options().should_validate_formats(pair.formats == "checked");
                    options.build(schema).unwrap().is_valid(&witness)
                };
                if !is_valid(narrow) || is_valid(wide) {
                    problems.push(format!("{source}: {witness} tells nothing of {narrow} and {wide}"));
                }
            }
            Decision::Unknown { reason } => {
                unknown += 1;
                if pair.decided {
                    problems.push(format!("{source}: {narrow} in {wide} is unknown now: {reason}"));
                }
            }
            wrong => problems.push(format!("{source}: {narrow} in {wide} is {expected}, not {wrong:?}")),
        }
    }
    assert!(problems.is_empty(), "{right} right, {unknown} unknown, and:\n{}", problems.join("\n"));
}
