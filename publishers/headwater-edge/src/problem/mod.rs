//! What the edge answers when it doesn't store an event: problem documents (RFC 9457).

mod document;
mod kind;

pub(crate) use document::{Problem, Violation};
pub use kind::ProblemKind;
