use super::in_order;
use crate::code::Severity;
use crate::finding::Finding;
use crate::place::Place;

/// What a build script prints, line by line, so that cargo shows the findings and, if one is an error, fails.
///
/// Cargo shows each line by itself, behind the severity and the name of the package. So there are few of
/// them, without an excerpt: the message with its code, and then, indented, where, why, and what to do.
pub fn cargo(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in in_order(findings) {
        let directive = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        for line in lines(finding) {
            text.push_str(&format!("cargo::{directive}={line}\n"));
        }
    }
    text
}

fn lines(finding: &Finding) -> Vec<String> {
    let mut lines = Vec::new();
    continued(&mut lines, "", &format!("[{}] {}", finding.code, finding.message));
    if let Some(place) = &finding.place {
        lines.push(format!("  --> {}", clean(&place.location())));
        if let Some(label) = &place.label {
            continued(&mut lines, "  ", label);
        }
    }
    for place in &finding.related {
        lines.push(related(place));
    }
    for note in &finding.notes {
        continued(&mut lines, "  note: ", note);
    }
    if let Some(help) = &finding.help {
        continued(&mut lines, "  help: ", help);
    }
    lines
}

fn related(place: &Place) -> String {
    let label = place.label.as_ref().map(|label| format!(" {}", clean(label))).unwrap_or_default();
    format!("  ::: {}{label}", clean(&place.location()))
}

/// A text behind its introduction, with its further lines below its first: a newline would end the directive.
fn continued(lines: &mut Vec<String>, introduction: &str, text: &str) {
    let indent = " ".repeat(introduction.len().max(2));
    for (number, line) in text.lines().enumerate() {
        let before = if number == 0 { introduction } else { &indent };
        lines.push(format!("{before}{}", clean(line)));
    }
}

/// Without what could end the directive or steer the terminal: some of the text comes from contracts.
fn clean(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect()
}
