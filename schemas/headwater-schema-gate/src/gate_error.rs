use std::env::VarError;
use std::io;
use std::path::PathBuf;

use headwater_schema::{BundleError, NameError};

use crate::environment::SourceDateEpochError;

/// Why the gate can't be run at all; what it finds out is a `Finding`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GateError {
    /// It was not run by cargo.
    #[error("{name} is not set; call the gate from a build script, which cargo runs")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        source: VarError,
    },
    /// The way in which findings are to be shown is unknown.
    #[error("HEADWATER_GATE={value:?} means nothing; leave it out, or write `warn` for an editor")]
    Mode {
        /// The value.
        value: String,
    },
    /// Findings would only be warnings where nobody reads them.
    #[error(
        "HEADWATER_GATE=warn is for editors, and CI is set: unset HEADWATER_GATE, so that findings fail the build"
    )]
    WarnInCi,
    /// The day can't be told.
    #[error(transparent)]
    Today(#[from] SourceDateEpochError),
    /// A bundle that is imported is none.
    #[error(transparent)]
    Import(#[from] BundleError),
    /// An event has a name that no contract can write.
    #[error("{rust_type} declares an event that no contract can name")]
    Name {
        /// The type.
        rust_type: &'static str,
        /// What is wrong with it.
        source: NameError,
    },
    /// The workspace can't be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A result can't be written.
    #[error("{} can't be written", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
    /// A result has no JSON form.
    #[error("the schemas have no JSON form")]
    Json(#[from] serde_json::Error),
    /// The target directory isn't above the build script's.
    #[error("no target directory is above {}; report this with your version of cargo", out_dir.display())]
    TargetDir {
        /// Where the build script may write.
        out_dir: PathBuf,
    },
}

/// Why a workspace can't be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// There is none.
    #[error("there is no Cargo.toml in {} or above it", directory.display())]
    NoManifest {
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// A file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A pattern for members can't be read.
    #[error("the members {pattern:?} of {} are no pattern", manifest.display())]
    Members {
        /// The workspace's manifest.
        manifest: PathBuf,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: glob::PatternError,
    },
}

/// Why a file can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system says no.
    #[error("{} can't be read", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
    /// It isn't what cargo writes or reads.
    #[error("{} can't be understood", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
}
