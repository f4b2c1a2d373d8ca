use serde::Serialize;

use super::in_order;
use crate::code::{Code, Severity};
use crate::finding::Finding;
use crate::place::{Place, Position};

/// One JSON object for each finding, in reading order; every key is always there.
pub fn json(findings: &[Finding]) -> Vec<serde_json::Value> {
    // Nothing in an `Object` can fail to be JSON: its keys are texts, its values texts and numbers.
    in_order(findings)
        .into_iter()
        .filter_map(|finding| serde_json::to_value(Object::from(finding)).ok())
        .collect()
}

#[derive(Serialize)]
struct Object<'f> {
    code: Code,
    severity: Severity,
    message: &'f str,
    #[serde(flatten)]
    place: Location<'f>,
    notes: &'f [String],
    help: Option<&'f str>,
    related: Vec<Location<'f>>,
}

#[derive(Serialize, Default)]
struct Location<'f> {
    file: Option<String>,
    line: Option<usize>,
    column: Option<usize>,
    end_line: Option<usize>,
    end_column: Option<usize>,
    label: Option<&'f str>,
}

impl<'f> From<&'f Finding> for Object<'f> {
    fn from(finding: &'f Finding) -> Self {
        Self {
            code: finding.code,
            severity: finding.severity,
            message: &finding.message,
            place: finding.place.as_ref().map(Location::from).unwrap_or_default(),
            notes: &finding.notes,
            help: finding.help.as_deref(),
            related: finding.related.iter().map(Location::from).collect(),
        }
    }
}

impl<'f> From<&'f Place> for Location<'f> {
    fn from(place: &'f Place) -> Self {
        let (start, end) = (place.start(), place.end());
        let line = |position: Option<Position>| position.map(|position| position.line);
        let column = |position: Option<Position>| position.map(|position| position.column);
        Self {
            file: Some(place.path_shown()),
            line: line(start),
            column: column(start),
            end_line: line(end),
            end_column: column(end),
            label: place.label.as_deref(),
        }
    }
}
