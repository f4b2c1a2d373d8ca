use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::Mode;

/// What a comparison has found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What was asked for.
    pub mode: Mode,
    /// Where it is broken: for each direction the nearest version.
    pub breaks: Vec<Break>,
    /// What couldn't be decided.
    pub undecided: Vec<Undecided>,
}

/// What a report comes down to. Only `Compatible` passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every reader takes every document.
    Compatible,
    /// There is a document that a reader refuses.
    Incompatible,
    /// No such document was found, and none was shown not to be.
    Unknown,
}

/// Who writes and who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The registered version writes, the candidate reads.
    Backward,
    /// The candidate writes, the registered version reads.
    Forward,
}

/// A document that a writer writes and a reader refuses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Break {
    /// Who writes it.
    pub direction: Direction,
    /// Which registered version is the other side, counted from the oldest, which is 0.
    pub version: usize,
    /// The document.
    pub witness: Value,
    /// Why it is refused.
    pub differences: Vec<Difference>,
}

/// One reason for which a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The rule's code.
    pub code: String,
    /// The rule's name.
    pub rule: String,
    /// Where in the document.
    pub pointer: String,
    /// What the writer writes there.
    pub writer: String,
    /// What the reader takes there.
    pub reader: String,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// A comparison that was not decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Undecided {
    /// Who writes.
    pub direction: Direction,
    /// Which registered version is the other side.
    pub version: usize,
    /// Which keyword stood in the way, and where.
    pub reason: String,
}

impl Report {
    /// What it comes down to.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if !self.breaks.is_empty() {
            Verdict::Incompatible
        } else if !self.undecided.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::Compatible
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Compatible => "compatible",
            Self::Incompatible => "incompatible",
            Self::Unknown => "unknown",
        })
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Backward => "backward",
            Self::Forward => "forward",
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, pointer, writer, reader, message, .. } = self;
        let pointer = if pointer.is_empty() { "the document" } else { pointer };
        write!(f, "[{code}] {pointer}: writer {writer}, reader {reader} ({message})")
    }
}
