//! The other side: whoever wants to be told, until he dies.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

pub(crate) mod desk;
