mod format;
mod get;
mod pages;
mod tail;
mod type_filter;

use std::io::Write;

use clap::Subcommand;
use headwater_log::Log;

use self::tail::Tail;
use crate::command_error::CommandError;
use crate::stream_name::StreamName;

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Print the last events of a stream, and those that are still to come
    Tail(Tail),
    /// Print one event as a CloudEvent
    Get {
        /// The stream, or its domain: `EVT_flights` or `flights`
        stream: StreamName,

        /// The event's sequence in the stream
        #[arg(value_parser = clap::value_parser!(u64).range(1..))]
        sequence: u64,
    },
}

impl EventsCommand {
    pub(crate) async fn run(&self, log: Log, out: &mut impl Write) -> Result<(), CommandError> {
        match self {
            Self::Tail(tail) => tail.run(log, out).await,
            Self::Get { stream, sequence } => get::get(log, &stream.0, *sequence, out).await,
        }
    }

    /// Whether it waits for events that are still to come.
    pub(crate) fn follows(&self) -> bool {
        matches!(self, Self::Tail(tail) if tail.follow)
    }
}
