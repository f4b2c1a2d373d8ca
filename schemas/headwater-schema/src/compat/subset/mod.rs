//! Whether every document of one JSON Schema is a document of another.

mod array;
mod branch;
mod decide;
mod decision;
mod dialect;
mod evaluate;
mod exact;
mod format;
mod goal;
mod guarded;
mod language;
mod load;
mod load_applicators;
mod load_assertions;
mod load_error;
mod load_unevaluated;
mod number;
mod object;
mod pattern;
mod references;
mod refute;
mod schema;
mod text;
mod validator;
mod walk;

pub use self::{
    decide::decide,
    decision::{Decision, Formats},
};
pub(super) use self::{decide::is_document, format::SAMPLES};
