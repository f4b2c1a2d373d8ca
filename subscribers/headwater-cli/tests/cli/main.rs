//! The `headwater` command, as operators run it.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod command;
mod dead_letters;
mod embedded;
mod nats;
mod orders;
mod projection;
mod schema;
mod schema_compat;
mod schema_deploy;
mod schema_system;
