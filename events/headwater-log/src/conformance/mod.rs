//! The conformance suite: what [`EventLog`](crate::EventLog) promises, as cases that every log must pass.
//!
//! Each case has a name that is a sentence, and a fresh domain of its own, so one broker serves them all.
//! A log comes in as a [`Subject`]; `tests/conformance.rs` runs the suite on the logs in memory and in a
//! directory, and on JetStream with one replica and with three. A log that isn't ours passes by the same call:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use headwater_log::conformance::{Subject, cases};
//! # async fn run(subject: Arc<dyn Subject>) {
//! for case in cases() {
//!     case.run(&subject).await; // panics with what was expected and what came instead
//! }
//! # }
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a case fails by its panic, like any test")]

mod batches;
mod bench;
mod case;
mod commits;
mod duplicates;
mod expected_versions;
mod following;
mod ids;
mod loading;
mod notes;
mod order;
mod reading;
mod resuming;
mod sizes;
mod streams;
mod subject;

pub use bench::Bench;
pub use case::{Case, cases};
pub use subject::Subject;
