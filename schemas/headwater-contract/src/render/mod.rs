//! Findings as text: for a terminal, inside cargo's output, and for programs.

mod cargo;
mod json;
mod terminal;

pub use cargo::cargo;
pub use json::json;
pub use terminal::terminal;

use crate::finding::Finding;

/// Findings in the order in which people read them.
fn in_order(findings: &[Finding]) -> Vec<&Finding> {
    let mut findings: Vec<&Finding> = findings.iter().collect();
    findings.sort_by(|one, other| one.reading_order(other));
    findings
}
