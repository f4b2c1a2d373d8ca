//! Whether a system's contracts fit together: each check by itself, what one mistake leads to, and the graph.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod cases;
mod checks;
mod drawn;
mod given;
mod mistakes;
