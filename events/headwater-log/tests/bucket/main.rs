//! Buckets: what both kinds promise, and what only the one on JetStream has to stand.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod bed;
mod damage;
mod faults;
mod large;
mod promises;
mod refusals;
