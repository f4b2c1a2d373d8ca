//! The outbox against a real database and a real broker: what it promises, and what it stands when either side dies.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]
#![allow(
    clippy::print_stdout,
    reason = "how much was killed, and how much was right, is worth a line with --nocapture"
)]

mod bank;
mod bed;
mod cases;
mod competing;
mod conflicts;
mod crashes;
mod enqueuing;
mod housekeeping;
mod migrating;
mod ordering;
mod outages;
mod refusing;
mod relay_process;

use std::process::ExitCode;

use cases::Cases;

fn main() -> ExitCode {
    if let Some(arguments) = std::env::var_os(relay_process::ARGUMENTS) {
        return relay_process::run(&arguments.into_string().unwrap());
    }
    let mut cases = Cases::default();
    for group in [
        enqueuing::CASES,
        ordering::CASES,
        conflicts::CASES,
        outages::CASES,
        refusing::CASES,
        housekeeping::CASES,
        migrating::CASES,
        crashes::CASES,
        competing::CASES,
    ] {
        cases.add(group);
    }
    cases.run()
}
