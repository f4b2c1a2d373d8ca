//! The `headwater` command: what operators see of streams, events and projections, and what teams see of schemas and
//! contracts.

mod cli;
mod command_error;
mod dead_letter;
mod events;
mod explain;
mod format;
mod json;
mod json_array;
mod log_source;
mod new;
mod projection;
mod schema;
mod stream;
mod stream_name;
mod table;

use std::io::{self, BufWriter, Write as _};
use std::process::{ExitCode, Termination as _};

use clap::{CommandFactory as _, FromArgMatches as _};
use headwater_log::service::{Exit, Failure, Shutdown, report, run};

use crate::cli::Cli;
use crate::schema::Outcome;

fn main() -> ExitCode {
    // A command that an operator looks at logs only what is wrong; `--log-level` asks for more.
    let command = Cli::command().mut_arg("log_level", |filter| filter.default_value("warn"));
    let command = schema::without_broker(command);
    match command.try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => match on_files(&cli) {
            Some(outcome) => outcome.report(),
            None => run(&cli.logs, |shutdown| headwater(&cli, shutdown)).report(),
        },
        Err(error) => schema::usage(&error),
    }
}

/// What needs no runtime, no signals and no logs.
fn on_files(cli: &Cli) -> Option<Outcome> {
    let mut out = BufWriter::new(io::stdout().lock());
    let ran = cli.run_on_files(&mut out)?;
    let ran = ran.and_then(|outcome| Ok(out.flush().map(|()| outcome)?));
    Some(ran.unwrap_or_else(|error| {
        // Whoever reads, such as `head`, has read enough.
        if error.is_broken_pipe() {
            return Outcome::Fine;
        }
        // There is nobody left to tell when standard error is closed.
        let _ = writeln!(io::stderr(), "error: {}", report(&error));
        error.outcome()
    }))
}

async fn headwater(cli: &Cli, shutdown: Shutdown) -> Result<Exit, Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    let command = cli.run(shutdown.token(), &mut out);
    let done = match shutdown.token().run_until_cancelled(command).await {
        Some(done) => done.and_then(|()| Ok(out.flush()?)),
        // That is how following ends; anything else is cut short by it.
        None if cli.runs_until_stopped() => return Ok(Exit::Ok),
        None => return Ok(Exit::Interrupted),
    };
    match done {
        Ok(()) => Ok(Exit::Ok),
        // Whoever reads, such as `head`, has read enough.
        Err(error) if error.is_broken_pipe() => Ok(Exit::Ok),
        Err(error) => Err(Failure::new(error.exit(), &error)),
    }
}
