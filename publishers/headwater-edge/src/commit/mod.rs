//! How events come to be stored: once, and after the last event of their aggregate.

mod error;
mod expectation;
mod group;
mod histories;
mod history;
mod same;
mod stored;
mod turn;
mod turns;
mod writer;

pub(crate) use error::StoreError;
pub(crate) use expectation::Expectation;
pub(crate) use stored::{Stored, StoredEvent};
pub(crate) use writer::Writer;
