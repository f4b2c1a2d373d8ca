//! The whole reference system in one process: both publishers, the log, and both subscribers.

mod check;
mod memory;
mod options;
mod progress;
mod recompute;
mod report;
mod system;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;
use headwater_log::service::{Exit, Failure, Shutdown, run};

use crate::options::Options;
use crate::report::Report;
use crate::system::System;

fn main() -> ExitCode {
    let options = Options::parse();
    run(&options.logs, |shutdown| all_in_one(&options, shutdown)).into()
}

async fn all_in_one(options: &Options, shutdown: Shutdown) -> Result<Exit, Failure> {
    let system = System::open(options).await?;
    let Some(outcome) = system.run(options, &shutdown).await? else {
        let kept = if options.data.is_some() {
            "run again to go on"
        } else {
            "with --data it would go on from here"
        };
        tracing::info!("stopped before the end; {kept}");
        return Ok(Exit::Interrupted);
    };
    let report = Report::new(options, outcome)?;
    let mut out = io::stdout().lock();
    match report.write(options.format, &mut out).and_then(|()| out.flush()) {
        // Whoever reads has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        written => written?,
    }
    Ok(report.exit())
}
