//! The edge as its clients see it: over a log inside the process, over a real broker, and as a process.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod answer;
mod bed;
mod broker;
mod callers;
mod client;
mod connections;
mod content_modes;
#[path = "../../../../schemas/headwater-schema/tests/asyncapi/limited.rs"]
mod limited;
#[path = "../../../../schemas/headwater-schema/tests/asyncapi/node.rs"]
mod node;
mod odd_requests;
mod problems;
mod process;
mod readable;
mod repeats;
mod sdk;
mod service;
mod versions;
