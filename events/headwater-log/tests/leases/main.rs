//! Leases and partitions on a real broker: members that join, leave, are killed, stand still and are cut off, and an
//! independent ledger that knows who wrote what.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]
#![allow(clippy::print_stdout, reason = "what was measured is printed")]

mod bed;
#[path = "../cases/mod.rs"]
mod cases;
mod holding;
mod ledger;
mod process;
mod refusals;
mod sharing;
mod taking_over;

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::timeout;

use cases::Cases;

/// How long a case may take, on a busy machine.
const LIMIT: Duration = Duration::from_secs(180);

fn main() -> ExitCode {
    if let Some(member) = process::Settings::of_this_process() {
        return process::run(member);
    }
    let mut cases = Cases::new();
    for (group, members) in [
        ("holding", holding::CASES),
        ("refusals", refusals::CASES),
        ("sharing", sharing::CASES),
        ("taking_over", taking_over::CASES),
    ] {
        for &(name, case) in members {
            cases.add(format!("{group}::{name}"), move || async move {
                timeout(LIMIT, case()).await.expect("the case takes too long");
            });
        }
    }
    cases.run()
}
