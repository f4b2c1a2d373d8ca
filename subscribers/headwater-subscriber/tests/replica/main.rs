//! What new instances start from: a snapshot in a bucket is whole and of the streams that there are, or the projection is built from the
//! first event; and whatever fails, the projection goes on.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod bed;
#[path = "../common/mod.rs"]
mod common;
mod failing;
mod killing;
mod refusing;
mod starting;
mod writing;
