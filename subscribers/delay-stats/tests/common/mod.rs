//! The service as its users run it: a process with options, signals and an exit code.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

pub(crate) mod flights;
pub(crate) mod python;
pub(crate) mod service;
