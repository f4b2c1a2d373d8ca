//! What the edge answers when it doesn't store an event: problem documents (RFC 9457).

mod kind;

pub(crate) use headwater_log::service::http::{Problem, VIOLATIONS_MAX, Violation};
pub use kind::ProblemKind;
