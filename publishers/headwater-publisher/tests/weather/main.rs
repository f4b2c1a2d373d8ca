//! Many writers in bad weather: servers die, stand still and come back, and the network delays, cuts and loses. What
//! the stream holds afterwards is proved, and so is what each caller was told.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]
#![allow(clippy::print_stdout, reason = "the figures of a run are for whoever reads the test's output")]

#[path = "../publisher/account.rs"]
#[allow(dead_code, reason = "the other tests of the publisher need more of it")]
mod account;
#[path = "../publisher/bed.rs"]
#[allow(dead_code, reason = "the other tests of the publisher need more of it")]
mod bed;

mod crowd;
mod ledger;
mod model;
mod rounds;
mod spec;
mod turns;

mod cluster;
mod interleavings;
mod one_server;
mod standstill;
