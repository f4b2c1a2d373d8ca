//! The conformance suite on a store in PostgreSQL, and what else it has to stand: values that SQL can't hold, a server
//! that is killed, a network that is cut, and a second writer.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

#[path = "../common/mod.rs"]
mod common;

mod bed;
mod clients;
mod keys;
mod outages;
mod projections;
mod snapshots;
mod sql;
#[path = "../http/tally.rs"]
mod tally;
mod values;
mod writers;

use std::process::ExitCode;

use headwater_subscriber::conformance;
use libtest_mimic::{Arguments, Trial};

use crate::bed::{Bed, Schemas};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let bed: &'static Bed = Box::leak(Box::new(Bed::new()));
    let mut trials = Vec::new();
    let mut add = |name: String, run: Box<dyn FnOnce() + Send>| {
        trials.push(Trial::test(name, move || {
            run();
            Ok(())
        }));
    };
    for case in conformance::cases().filter(|case| !case.is_of_directories()) {
        add(format!("conformance::{}", case.name()), Box::new(move || case.run(&Schemas(bed))));
    }
    for group in [
        clients::CASES,
        keys::CASES,
        outages::CASES,
        projections::CASES,
        snapshots::CASES,
        sql::CASES,
        values::CASES,
        writers::CASES,
    ] {
        for &(name, run) in group {
            add(name.to_owned(), Box::new(move || run(bed)));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    bed.end();
    conclusion.exit_code()
}
