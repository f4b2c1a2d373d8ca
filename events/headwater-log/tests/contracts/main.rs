//! Services that announce their contracts on real servers, and refuse to start beside what they don't fit.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod announcing;
mod bed;
mod bucket;
mod permissions;
mod refusing;
mod surviving;
