//! What only the log in memory does: it takes its time from the test, fails on demand, and is what was recorded.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod bed;

mod faults;
mod outages;
mod reading_recordings;
mod recordings;
mod time;
