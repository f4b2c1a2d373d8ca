//! Why a reader refuses a document, in terms of rules.

mod describe;
mod locate;
mod probe;
mod refusal;

use serde_json::Value;

use self::describe::describe;
use self::locate::locate;
use self::refusal::{Refusal, refusals};
use super::rule::rule_for;
use super::{Contracts, Difference, semantics};

/// How many reasons are given: the first mostly explains the others.
const DIFFERENCES_MAX: usize = 20;

/// The differences between contracts, as serde takes them.
pub(super) fn with_serde(writer: &Contracts, reader: &Contracts, witness: &Value) -> Vec<Difference> {
    let plain = semantics::reader(&reader.deserialize);
    let mut found = differences(writer, reader, witness, refusals(&plain, witness, true));
    // One document seldom shows all that is wrong.
    for document in probe::further(&semantics::writer(&writer.serialize), &plain, witness) {
        for difference in differences(writer, reader, &document, refusals(&plain, &document, true)) {
            if !found.iter().any(|known| known.pointer == difference.pointer && known.code == difference.code)
            {
                found.push(difference);
            }
        }
    }
    found.truncate(DIFFERENCES_MAX);
    found
}

/// The differences between schemas that are open as they are written.
pub(super) fn open(writer: &Contracts, reader: &Contracts, witness: &Value) -> Vec<Difference> {
    let mut refused = refusals(&reader.deserialize, witness, false);
    if refused.is_empty() {
        refused = refusals(&reader.deserialize, witness, true);
    }
    let mut found = differences(writer, reader, witness, refused);
    found.truncate(DIFFERENCES_MAX);
    found
}

fn differences(
    writer: &Contracts,
    reader: &Contracts,
    witness: &Value,
    refusals: Vec<Refusal>,
) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    for refusal in refusals {
        let difference = difference(&writer.serialize, &reader.deserialize, witness, refusal);
        if !found.contains(&difference) {
            found.push(difference);
        }
    }
    found
}

fn difference(writer: &Value, reader: &Value, witness: &Value, refusal: Refusal) -> Difference {
    let value = witness.pointer(&refusal.pointer);
    let writes = match value {
        Some(_) => side(writer, &refusal.pointer, witness),
        None => match locate(writer, &refusal.pointer, witness).as_slice() {
            [] => "no such field".to_owned(),
            _ => format!("{}, which may be missing", side(writer, &refusal.pointer, witness)),
        },
    };
    let takes = match refusal.keyword.as_str() {
        "required" => format!("{}, which is required", side(reader, &refusal.pointer, witness)),
        "additionalProperties" | "unevaluatedProperties" | "falseSchema" => "no such field".to_owned(),
        _ => side(reader, &refusal.pointer, witness),
    };
    let shown = value.map_or_else(|| "nothing".to_owned(), short);
    let name = refusal.pointer.rsplit('/').next().unwrap_or_default().to_owned();
    let fill = |template: &str| {
        template
            .replace("{name}", &name)
            .replace("{value}", &shown)
            .replace("{writer}", &writes)
            .replace("{reader}", &takes)
    };
    let (code, rule, message, help) = match rule_for(&refusal.keyword) {
        Some(rule) => (rule.code.clone(), rule.slug.clone(), fill(&rule.message), fill(&rule.help)),
        None => (super::BREAKS_MODE.to_owned(), refusal.keyword, refusal.message, String::new()),
    };
    Difference { code, rule, pointer: refusal.pointer, writer: writes, reader: takes, message, help }
}

/// What a schema says of the place, in the words of a Rust type where it came from one.
fn side(schema: &Value, pointer: &str, witness: &Value) -> String {
    let mut said: Vec<String> = Vec::new();
    for place in locate(schema, pointer, witness) {
        let words = describe(schema, place);
        if !said.contains(&words) {
            said.push(words);
        }
    }
    match said.as_slice() {
        [] => "anything".to_owned(),
        _ => said.join(" or "),
    }
}

fn short(value: &Value) -> String {
    const LENGTH_MAX: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= LENGTH_MAX {
        text
    } else {
        text.chars().take(LENGTH_MAX).chain(['…']).collect()
    }
}
