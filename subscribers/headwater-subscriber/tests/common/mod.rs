//! A small shop: its events, a projection of them, and what a test does with both.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

pub(crate) mod client;
pub(crate) mod figures;
pub(crate) mod receipts;
pub(crate) mod revenue;
pub(crate) mod running;
pub(crate) mod shop;
