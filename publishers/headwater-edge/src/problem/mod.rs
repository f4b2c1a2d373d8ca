//! What the edge answers when it doesn't store an event: problem documents (RFC 9457).

mod bounded;
mod document;
mod kind;

pub(crate) use document::{Problem, VIOLATIONS_MAX, Violation};
pub use kind::ProblemKind;
