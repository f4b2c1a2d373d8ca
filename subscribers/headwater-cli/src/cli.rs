use std::io::Write;

use clap::{Parser, Subcommand};
use headwater_log::service::{Connection, Logs};
use tokio_util::sync::CancellationToken;

use crate::command_error::CommandError;
use crate::events::EventsCommand;
use crate::log_source::LogDir;
use crate::projection::ProjectionCommand;
use crate::stream::StreamCommand;

/// Looks into streams, events and projections
#[derive(Debug, Parser)]
#[command(name = "headwater", version, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,

    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    pub(crate) logs: Logs,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    something went wrong, or what was asked for isn't there; standard error says what
  2    the options, or a file that they name, are wrong
  5    the server can't be reached, or the log is in use; trying again later may help
  130  ended by Ctrl-C before it was done";

#[derive(Debug, Subcommand)]
enum Command {
    /// Streams of events, one for each domain
    Stream {
        #[command(subcommand)]
        command: StreamCommand,

        #[command(flatten)]
        log_dir: LogDir,
    },
    /// The events of a stream
    Events {
        #[command(subcommand)]
        command: EventsCommand,

        #[command(flatten)]
        log_dir: LogDir,
    },
    /// The state of projections on this machine, whether they are running or not
    Projection {
        #[command(subcommand)]
        command: ProjectionCommand,
    },
}

impl Cli {
    /// Does what was asked for.
    pub(crate) async fn run(
        &self,
        stop: &CancellationToken,
        out: &mut impl Write,
    ) -> Result<(), CommandError> {
        match &self.command {
            Command::Stream { command, log_dir } => {
                command.run(log_dir.open(&self.connection).await?, out).await
            }
            Command::Events { command, log_dir } => {
                command.run(log_dir.open(&self.connection).await?, out).await
            }
            Command::Projection { command } => command.run(stop, out),
        }
    }

    /// Whether the command has no end of its own.
    pub(crate) fn runs_until_stopped(&self) -> bool {
        matches!(&self.command, Command::Events { command, .. } if command.follows())
    }
}
