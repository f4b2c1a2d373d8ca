use std::io;
use std::path::PathBuf;

use headwater_event::EnvelopeError;
use headwater_log::service::{ConnectError, Exit};
use headwater_log::{DeadLetterError, EmbeddedError, ReadError};
use headwater_subscriber::{QueryError, StoreError};

/// Why a command has failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// There is no connection to NATS.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The embedded log can't be opened.
    #[error(transparent)]
    Embedded(#[from] EmbeddedError),
    /// There is no embedded log; opening one would make it.
    #[error("there is no embedded log in {}; name the directory in which a service keeps it", directory.display())]
    NoLog {
        /// The directory that was named.
        directory: PathBuf,
    },
    /// The log can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The stream doesn't reach that far.
    #[error("the stream {stream} has no event {sequence}: {extent}")]
    NoEvent {
        /// The stream.
        stream: String,
        /// The sequence that was asked for.
        sequence: u64,
        /// How far the stream reaches, in words.
        extent: String,
    },
    /// An event can't be shown.
    #[error("the event has no JSON form")]
    Envelope(#[from] EnvelopeError),
    /// The projection can't be read.
    #[error(transparent)]
    Query(QueryError),
    /// The projection can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The projection has no row with that key.
    #[error(
        "the projection {name} has no row with the key {key:?}{table}; \
         `headwater projection get {name}` shows all rows"
    )]
    NoRow {
        /// The projection.
        name: String,
        /// The key.
        key: String,
        /// Where it was looked for, if not in all tables.
        table: String,
    },
    /// The dead letters can't be read, or a reactor can't be asked.
    #[error(transparent)]
    DeadLetter(#[from] DeadLetterError),
    /// There is no such letter.
    #[error("{reactor} has parked nothing{key}; `headwater dead-letter ls` shows what is parked")]
    NothingParked {
        /// The reactor.
        reactor: String,
        /// Where it was looked for.
        key: String,
    },
    /// The directory can't be listed.
    #[error("the directory {} can't be read; name the one in which services keep their projections", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
    /// The result can't be written.
    #[error("the result can't be written to standard output")]
    Output(#[from] io::Error),
}

impl CommandError {
    /// How the command ends.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Connect(error) => error.exit(),
            Self::Embedded(EmbeddedError::InUse { .. }) => Exit::Unavailable,
            Self::Read(error) if error.is_unavailable() => Exit::Unavailable,
            Self::DeadLetter(DeadLetterError::Name { .. }) => Exit::Usage,
            Self::DeadLetter(_) => Exit::Unavailable,
            Self::NoLog { .. } | Self::Directory { .. } => Exit::Usage,
            Self::Output(error) if error.kind() == io::ErrorKind::Interrupted => Exit::Interrupted,
            _ => Exit::Failed,
        }
    }

    /// Whether nobody reads the result any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

impl From<QueryError> for CommandError {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Write(error) => Self::Output(error),
            error => Self::Query(error),
        }
    }
}
