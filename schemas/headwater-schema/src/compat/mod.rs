//! Whether a reader accepts every document that a writer can produce.
//!
//! [`compare`] holds one version's [`Contracts`] against the registered ones. What serde and schemars mean by their
//! schemas is first written out as plain JSON Schema; whether one schema then includes the other is left to [`subset`].

mod compare;
mod contracts;
mod document;
mod explain;
mod files;
mod mode;
mod report;
mod rule;
mod semantics;
pub mod subset;

pub use compare::compare;
pub use contracts::Contracts;
pub use document::{DocumentError, read_document, read_schema};
pub use files::{FilesReport, compare_files};
pub use mode::{Mode, UnknownMode};
pub use report::{Break, Difference, Direction, Report, Undecided, Verdict};
pub use rule::{BREAKS_MODE, Rule, Severity, UNDECIDED, rules};
pub use semantics::written;
