use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{Contracts, Difference, Direction, Mode, Report, Verdict, compare};

/// What is said of two files that hold a schema each.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FilesReport {
    /// What it comes down to.
    pub verdict: Verdict,
    /// What was asked for.
    pub mode: Mode,
    /// A document that one side writes and the other refuses.
    pub witness: Option<Value>,
    /// Who writes it: with `backward` the old side.
    pub direction: Option<Direction>,
    /// Why it is refused.
    pub differences: Vec<Difference>,
    /// Why nothing is known.
    pub reason: Option<String>,
}

/// Holds a new schema against an old one, where each is both what is written and what is read.
#[must_use]
pub fn compare_files(mode: Mode, old: &Value, new: &Value) -> FilesReport {
    let registered = Contracts::same(old.clone());
    FilesReport::from(compare(mode, &[registered], &Contracts::same(new.clone())))
}

impl FilesReport {
    /// What is said when a file can't be reasoned about.
    #[must_use]
    pub fn unknown(mode: Mode, reason: String) -> Self {
        Self {
            verdict: Verdict::Unknown,
            mode,
            witness: None,
            direction: None,
            differences: Vec::new(),
            reason: Some(reason),
        }
    }
}

/// The report in text, for people.
impl fmt::Display for FilesReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verdict, mode, .. } = self;
        match verdict {
            Verdict::Compatible => writeln!(f, "compatible: {mode} holds")?,
            Verdict::Incompatible => writeln!(f, "incompatible: {mode} is broken")?,
            Verdict::Unknown => writeln!(f, "unknown: {mode} could be neither shown nor refuted")?,
        }
        for Difference { code, pointer, writer, reader, message, help, .. } in &self.differences {
            let pointer = if pointer.is_empty() { "the document" } else { pointer };
            writeln!(f, "  [{code}] {pointer}: writer {writer}, reader {reader}")?;
            writeln!(f, "    {message}")?;
            if !help.is_empty() {
                writeln!(f, "    help: {help}")?;
            }
        }
        if let Some(witness) = &self.witness {
            let (writes, refuses) = match self.direction {
                Some(Direction::Forward) => ("new", "old"),
                _ => ("old", "new"),
            };
            writeln!(f, "  witness, which the {writes} schema allows and the {refuses} one refuses:")?;
            writeln!(f, "    {witness}")?;
        }
        if let Some(reason) = &self.reason {
            writeln!(f, "  not decided: {reason}")?;
        }
        Ok(())
    }
}

impl From<Report> for FilesReport {
    fn from(report: Report) -> Self {
        let (verdict, mode) = (report.verdict(), report.mode);
        let undecided = report.undecided.into_iter().next().map(|undecided| undecided.reason);
        match report.breaks.into_iter().next() {
            Some(broken) => Self {
                verdict,
                mode,
                witness: Some(broken.witness),
                direction: Some(broken.direction),
                differences: broken.differences,
                reason: undecided,
            },
            None => Self {
                verdict,
                mode,
                witness: None,
                direction: None,
                differences: Vec::new(),
                reason: undecided,
            },
        }
    }
}
