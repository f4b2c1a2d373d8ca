//! What is told of a projection's commits: to clients who listen, and to those who measure.

mod committing;
mod feed;
mod listener;

pub(crate) use committing::Commits;
pub(crate) use feed::CommittedRows;
pub(crate) use listener::{Heard, Listener};
