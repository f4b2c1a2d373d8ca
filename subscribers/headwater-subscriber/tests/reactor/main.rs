//! What a reactor promises, against a real server: effects at least once, in the order of each key, whatever dies meanwhile.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]
#![allow(clippy::print_stdout, reason = "what a run was like belongs to its output")]

#[path = "../common/mod.rs"]
mod common;

mod acknowledging;
mod bed;
mod contracted;
mod dying;
mod figures;
mod operating;
mod parking;
mod pausing;
mod receipts;
