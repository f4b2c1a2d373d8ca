//! `headwater new` in a copy of this repository, and what a build says there when something doesn't fit.
//!
//! The first run compiles the copy and all its libraries, which takes minutes; what is built is kept for later runs.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod built;
#[path = "../cli/command.rs"]
mod command;
mod contracts;
mod made;
mod other_repository;
mod refused;
mod repository;
mod schemas;
