use std::io::Write;

use clap::{Parser, Subcommand};
use headwater_log::service::{Connection, Logs};
use tokio_util::sync::CancellationToken;

use crate::command_error::CommandError;
use crate::dead_letter::DeadLetterCommand;
use crate::events::EventsCommand;
use crate::explain::Explain;
use crate::log_source::LogDir;
use crate::new::NewCommand;
use crate::projection::ProjectionCommand;
use crate::schema::{Outcome, Project, SchemaCommand, SchemaError};
use crate::stream::StreamCommand;

/// Looks into streams, events, projections, and the schemas and contracts behind them
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
    /// What reactors couldn't do, and what is to be done with it
    DeadLetter {
        #[command(subcommand)]
        command: DeadLetterCommand,
    },
    /// Registered schemas and contracts, and whether they fit together
    Schema {
        #[command(subcommand)]
        command: SchemaCommand,

        #[command(flatten)]
        project: Project,
    },
    /// A new service or event that compiles, fits the system and passes its own test
    New {
        #[command(subcommand)]
        command: NewCommand,

        #[command(flatten)]
        project: Project,
    },
    /// Explain a code that a build or `headwater schema` has shown
    Explain(Explain),
}

impl Cli {
    /// Does what was asked for, if that needs no log.
    pub(crate) fn run_on_files(&self, out: &mut impl Write) -> Option<Result<Outcome, SchemaError>> {
        match &self.command {
            Command::Schema { command, project } => Some(command.run(project, &self.connection, out)),
            Command::New { command, project } => Some(command.run(project, out)),
            Command::Explain(explain) => Some(explain.run(out).map_err(SchemaError::from)),
            Command::Stream { .. }
            | Command::Events { .. }
            | Command::Projection { .. }
            | Command::DeadLetter { .. } => None,
        }
    }

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
            Command::DeadLetter { command } => command.run(&self.connection, out).await,
            // They have run already, without a runtime.
            Command::Schema { .. } | Command::New { .. } | Command::Explain(_) => Ok(()),
        }
    }

    /// Whether the command has no end of its own.
    pub(crate) fn runs_until_stopped(&self) -> bool {
        matches!(&self.command, Command::Events { command, .. } if command.follows())
    }
}
