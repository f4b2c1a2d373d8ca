//! The conformance suite: what [`Store`](crate::Store) promises, as cases that every store must pass.
//!
//! Each case has a name that is a sentence, and a directory of its own. `tests/stores.rs` runs the suite on
//! all kinds of stores, and kills a process that writes to one; a store that isn't ours passes by the same
//! call:
//!
//! ```no_run
//! # use headwater_subscriber::conformance::{Subject, cases};
//! # fn run(subject: &dyn Subject) {
//! for case in cases() {
//!     case.run(subject); // panics with what was expected and what came instead
//! }
//! # }
//! ```
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a case fails by its panic, like any test")]

mod bench;
mod case;
mod commits;
mod directories;
mod ranges;
mod reopening;
mod snapshots;
mod subject;

pub use bench::Bench;
pub use case::{Case, cases};
pub use subject::Subject;
