use std::ops::Range;
use std::sync::Arc;

use headwater_contract::{Code, Finding, Place};

use super::rename::Rename;
use super::{Document, Revision};
use crate::TypeSchemas;
use crate::compat::{Break, Difference, Direction, Report};

/// How many reasons a finding shows: the first mostly explains the others.
const DIFFERENCES_MAX: usize = 5;

/// What a report of incompatibility says to the author of a type.
pub(super) fn findings(
    types: &TypeSchemas,
    revisions: &[Revision],
    report: &Report,
    renames: &[Rename],
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = report
        .breaks
        .iter()
        .map(|breach| {
            let message =
                format!("{} breaks {} against {}", types.event, report.mode, side(revisions, breach.version));
            let mut finding = Finding::new(Code::HW0301, message);
            if let Some(revision) = revisions.get(breach.version) {
                finding = finding.at(place(revision, breach));
            }
            for difference in breach.differences.iter().take(DIFFERENCES_MAX) {
                finding = finding.note(reason(breach.direction, difference));
            }
            finding
                .note(format!("witness, which {}: {}", who(breach.direction), breach.witness))
                .note(format!("declared by {}", types.declaration()))
                .help(way_out(types, renames, breach.differences.first()))
        })
        .collect();
    if let (true, Some(first)) = (findings.is_empty(), report.undecided.first()) {
        let message = format!(
            "{} can't be shown to keep {} against {}",
            types.event,
            report.mode,
            side(revisions, first.version)
        );
        let place = revisions
            .get(first.version)
            .map(|revision| Place::file(&document(revision, first.direction).path));
        let mut finding = Finding::new(Code::HW0315, message);
        finding.place = place;
        for undecided in report.undecided.iter().take(DIFFERENCES_MAX) {
            finding = finding.note(undecided.reason.clone());
        }
        findings.push(
            finding.note(format!("declared by {}", types.declaration())).help(way_out(types, renames, None)),
        );
    }
    findings
}

fn way_out(types: &TypeSchemas, renames: &[Rename], difference: Option<&Difference>) -> String {
    let restore = match difference {
        Some(difference) if !difference.help.is_empty() => difference.help.clone(),
        _ => "restore the type".to_owned(),
    };
    let version = types.event.version;
    let renamed: String = renames.iter().map(|rename| format!("{}\n", rename.help())).collect();
    let otherwise = if renamed.is_empty() { "" } else { "otherwise " };
    format!(
        "{renamed}{otherwise}{restore}, or register the change as @{} with an upcaster from @{version}",
        version.saturating_add(1)
    )
}

fn side(revisions: &[Revision], version: usize) -> String {
    if version + 1 == revisions.len() {
        "its registered schema".to_owned()
    } else {
        format!("revision {version} of its registered schema")
    }
}

fn who(direction: Direction) -> &'static str {
    match direction {
        Direction::Backward => "may be in a stream and can't be read any more",
        Direction::Forward => "would be written and can't be read by those who are running",
    }
}

fn reason(direction: Direction, difference: &Difference) -> String {
    let Difference { code, pointer, writer, reader, message, .. } = difference;
    let pointer = if pointer.is_empty() { "/" } else { pointer };
    let (old, new) = ("registered", "this type");
    let (writing, reading) = match direction {
        Direction::Backward => (old, new),
        Direction::Forward => (new, old),
    };
    format!("{pointer}: written {writer} ({writing}), read {reader} ({reading}): {message} [{code}]")
}

fn document(revision: &Revision, direction: Direction) -> &Document {
    match direction {
        Direction::Backward => &revision.serialize,
        Direction::Forward => &revision.deserialize,
    }
}

/// The registered document, at the property where the first difference is.
fn place(revision: &Revision, breach: &Break) -> Place {
    let document = document(revision, breach.direction);
    let property = breach.differences.first().and_then(|difference| {
        let name = difference.pointer.strip_prefix('/')?.split('/').next()?;
        property(&document.text, &name.replace("~1", "/").replace("~0", "~"))
    });
    match property {
        Some(span) => Place::span(&document.path, Arc::clone(&document.text), span).label("as registered"),
        None => Place::file(&document.path),
    }
}

/// Where a document of the canonical form speaks of a property of its root.
fn property(text: &str, name: &str) -> Option<Range<usize>> {
    let properties = text.find("\n  \"properties\": {\n")?;
    let key = serde_json::to_string(name).ok()?;
    let line = format!("\n    {key}: ");
    let end = text[properties + 1..].find("\n  }").map_or(text.len(), |end| properties + 1 + end);
    let start = properties + text[properties..end].find(&line)? + "\n    ".len();
    Some(start..start + key.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_is_found_where_it_is_declared() {
        let text = "{\n  \"$defs\": {\n    \"a\": {}\n  },\n  \"properties\": {\n    \"a\": {\n      \"b\": 1\n    }\n  }\n}\n";
        let span = property(text, "a").unwrap();
        assert_eq!((&text[span.clone()], span.start > text.find("properties").unwrap()), ("\"a\"", true));
        assert_eq!(property(text, "b"), None);
    }
}
