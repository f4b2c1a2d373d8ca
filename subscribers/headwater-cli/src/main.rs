//! The `headwater` command: what operators see of streams, events and projections.

mod cli;
mod command_error;
mod events;
mod format;
mod json;
mod json_array;
mod log_source;
mod projection;
mod stream;
mod stream_name;
mod table;

use std::io::{self, BufWriter, Write as _};

use clap::{CommandFactory as _, FromArgMatches as _};
use headwater_log::service::{Exit, Failure, Shutdown, run};

use crate::cli::Cli;

fn main() -> Exit {
    // A command that an operator looks at logs only what is wrong; `--log-level` asks for more.
    let command = Cli::command().mut_arg("log_level", |filter| filter.default_value("warn"));
    match Cli::from_arg_matches(&command.get_matches()) {
        Ok(cli) => run(&cli.logs, |shutdown| headwater(&cli, shutdown)),
        Err(error) => error.exit(),
    }
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
