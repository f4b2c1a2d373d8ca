use std::io;
use std::path::PathBuf;

use headwater_log::service::{AnnounceError, ConnectError, Exit};
use headwater_schema::catalogue::{PageError, WriteError};
use headwater_schema::deploy::AnnouncementError;
use headwater_schema::registry::AcceptError;
use headwater_schema::{BundleError, Finding};
use headwater_schema_gate::{SourceDateEpochError, WorkspaceError};

use super::Outcome;
use super::compat::CompatError;
use super::subprocess::SubprocessError;
use crate::new::NewError;

/// Why a command about schemas has failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaError {
    /// A program that is needed said nothing.
    #[error(transparent)]
    Subprocess(#[from] SubprocessError),
    /// Cargo doesn't know the workspace.
    #[error("cargo can't read the workspace:\n{stderr}")]
    Metadata {
        /// What it says.
        stderr: String,
    },
    /// Cargo said something else than expected.
    #[error("the output of cargo metadata can't be understood")]
    MetadataFormat(#[from] cargo_metadata::Error),
    /// There is no gate.
    #[error(
        "no package of {} has a build-dependency on headwater-schema-gate; that package is the gate, and its build \
         script checks the contracts",
        root.display()
    )]
    NoGate {
        /// The workspace.
        root: PathBuf,
    },
    /// There are several gates.
    #[error("the workspace has several gates: {}; choose one with --gate", gates.join(", "))]
    SeveralGates {
        /// Their packages.
        gates: Vec<String>,
    },
    /// The gate that was named is none.
    #[error("{name} is no gate of this workspace; there is {}", gates.join(", "))]
    UnknownGate {
        /// The name.
        name: String,
        /// The gates' packages.
        gates: Vec<String>,
    },
    /// The gate could not be built up to the point at which it tells about the types.
    #[error("the gate {gate} doesn't compile, so that nothing is known about the types:\n{stderr}")]
    Compile {
        /// The gate's package.
        gate: String,
        /// What cargo says.
        stderr: String,
    },
    /// The gate has told nothing about the types.
    #[error("the gate {gate} has left no snapshot at {}; does its build.rs call `Gate::run`?", path.display())]
    NoSnapshot {
        /// The gate's package.
        gate: String,
        /// Where it was expected.
        path: PathBuf,
    },
    /// What the gate has told can't be read.
    #[error("{} can't be read; build this command and the gate from the same version of Headwater", path.display())]
    Snapshot {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A file can't be read or written.
    #[error("{} can't be read or written", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
    /// The workspace can't be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The day can't be told.
    #[error(transparent)]
    Today(#[from] SourceDateEpochError),
    /// A bundle can't be read.
    #[error(transparent)]
    Import(#[from] BundleError),
    /// Something has no JSON form, or isn't JSON.
    #[error("{what} is no JSON")]
    Json {
        /// What.
        what: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// There is no registry that could be read.
    #[error("{}", .0.message)]
    Registry(Box<Finding>),
    /// Something was named that isn't there.
    #[error("{0}")]
    Unknown(String),
    /// What was to be registered can't be written.
    #[error(transparent)]
    Accept(#[from] AcceptError),
    /// Two schemas can't be compared.
    #[error(transparent)]
    Compat(#[from] CompatError),
    /// Git says no.
    #[error("git can't tell what has changed since {reference}: {stderr}")]
    Git {
        /// What was to be compared with.
        reference: String,
        /// What it says.
        stderr: String,
    },
    /// The commit isn't in this clone.
    #[error(
        "git can't find where this branch left {reference}, because the clone is shallow; fetch its history with \
         `git fetch --unshallow`"
    )]
    Shallow {
        /// What was to be compared with.
        reference: String,
    },
    /// There is no connection to NATS.
    #[error("nobody says what is running; name a server that can be reached, or a file with --against-file")]
    Connect(#[from] ConnectError),
    /// The server doesn't say what is running.
    #[error(transparent)]
    Running(#[from] AnnounceError),
    /// A file doesn't say what is running.
    #[error("{} doesn't hold what `headwater schema can-deploy --list --format json` prints", path.display())]
    Announcement {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: AnnouncementError,
    },
    /// A service or an event can't be made.
    #[error(transparent)]
    New(#[from] NewError),
    /// A page of the catalogue can't be made.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The catalogue can't be written where it should be.
    #[error(transparent)]
    Catalogue(#[from] WriteError),
    /// The result can't be written.
    #[error("the result can't be written to standard output")]
    Output(#[from] io::Error),
}

impl SchemaError {
    /// How the command ends.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Unknown(_) | Self::SeveralGates { .. } | Self::UnknownGate { .. } => Outcome::Usage,
            Self::New(error) if error.is_usage() => Outcome::Usage,
            Self::Connect(error) if error.exit() == Exit::Usage => Outcome::Usage,
            Self::Catalogue(WriteError::Foreign { .. }) => Outcome::Usage,
            _ => Outcome::CouldNotRun,
        }
    }

    /// Whether nobody reads the result any more.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let output = match self {
            Self::Output(error) | Self::Compat(CompatError::Output(error)) => error,
            _ => return false,
        };
        output.kind() == io::ErrorKind::BrokenPipe
    }
}
