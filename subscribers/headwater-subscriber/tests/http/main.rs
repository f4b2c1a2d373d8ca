//! A projection over HTTP, as its clients, its orchestrator and Prometheus see it: real requests to a real server.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod bed;
mod changes;
mod health;
mod reading;
mod tally;
mod waiting;
