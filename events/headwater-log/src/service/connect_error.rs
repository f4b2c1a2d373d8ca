use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::{ConnectErrorKind, ServerError, rustls};

use super::Exit;
use super::credentials::Credentials;
use super::servers::{Servers, ServersError};

/// Why no connection to NATS came about, in one line that says what to do.
///
/// It has no source: the cause is in the line, without the client library's repetitions.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No server answered in time. Trying again later may help.
    #[error(
        "no NATS server at {servers} answered within {waited_s} s: {reason}; start one, or name another with \
         --server or NATS_URL",
        waited_s = waited.as_secs_f64()
    )]
    Unreachable {
        /// The addresses that were tried.
        servers: String,
        /// For how long.
        waited: Duration,
        /// What the last attempt came to.
        reason: String,
    },

    /// A server answered, and doesn't let this client in.
    #[error("the NATS server at {servers} refused {client}: {reason}; {remedy}")]
    Denied {
        /// The addresses that were tried.
        servers: String,
        /// What the client showed, without its secret.
        client: String,
        /// What the server said.
        reason: String,
        /// What to check.
        remedy: &'static str,
    },

    /// No private connection could be agreed on.
    #[error(
        "no TLS connection to the NATS server at {servers}: {reason}; check that the server uses TLS, that \
         --tls-ca names the authority that signed its certificate, and --tls-cert and --tls-key if it asks for one"
    )]
    Tls {
        /// The addresses that were tried.
        servers: String,
        /// What was wrong with the handshake.
        reason: String,
    },

    /// A file that the options or the context name can't be used.
    #[error("cannot use {path} to connect to NATS: {problem}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// The context can't be read.
    #[error(
        "cannot read the NATS context {path}: {problem}; `nats context ls` lists the contexts, and --context takes \
         a file too",
        path = path.display()
    )]
    Context {
        /// The context's file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },

    /// The context's `url` is no list of NATS servers.
    #[error(transparent)]
    Servers(#[from] ServersError),
}

impl ConnectError {
    /// Whether no server answered, so that the same options may work later.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// The exit code of a command that fails with this error.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. } => Exit::Unavailable,
            Self::Denied { .. } | Self::Tls { .. } => Exit::Failed,
            Self::File { .. } | Self::Context { .. } | Self::Servers(_) => Exit::Usage,
        }
    }

    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::bad_file(path, &in_words(error))
    }

    pub(super) fn bad_file(path: &Path, problem: &str) -> Self {
        Self::File { path: path.to_owned(), problem: problem.to_owned() }
    }

    pub(super) fn context(path: &Path, problem: String) -> Self {
        Self::Context { path: path.to_owned(), problem }
    }

    /// The error that ends all attempts at once, or else the reason why this attempt failed.
    pub(super) fn from_attempt(
        error: &async_nats::ConnectError,
        servers: &Servers,
        credentials: &Credentials,
    ) -> Result<Self, String> {
        let reason = reason(error);
        let denied =
            error.kind() == ConnectErrorKind::AuthorizationViolation || speaks_of_authentication(error);
        if denied {
            return Ok(Self::Denied {
                servers: servers.to_string(),
                client: credentials.in_words(),
                reason,
                remedy: credentials.remedy(),
            });
        }
        if error.kind() == ConnectErrorKind::Authentication
            && let Some(unusable) = credentials.unusable()
        {
            return Ok(unusable);
        }
        if error.kind() == ConnectErrorKind::Tls || cause::<rustls::Error>(error).is_some() {
            return Ok(Self::Tls { servers: servers.to_string(), reason });
        }
        Err(reason)
    }
}

/// What the operating system said, without its number.
pub(super) fn in_words(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        kind => kind.to_string(),
    }
}

/// The innermost cause, on one line: each error of the client library repeats the text of its source.
fn reason(error: &async_nats::ConnectError) -> String {
    if error.kind() == ConnectErrorKind::TimedOut {
        return NO_ANSWER.to_owned();
    }
    if let Some(error) = cause::<io::Error>(error)
        && error.get_ref().is_none()
    {
        // `connection refused`, and not `Connection refused (os error 111)`.
        return error.kind().to_string();
    }
    let innermost = causes(error).last().map_or_else(|| error.to_string(), |innermost| innermost.to_string());
    let innermost = innermost.strip_prefix("nats: ").unwrap_or(&innermost);
    innermost.lines().collect::<Vec<_>>().join(", ")
}

pub(super) const NO_ANSWER: &str = "no answer";

fn speaks_of_authentication(error: &async_nats::ConnectError) -> bool {
    // `User Authentication Expired`, `Account Authentication Expired` and their kin have no kind of their own.
    matches!(cause::<ServerError>(error), Some(ServerError::Other(text)) if text.to_lowercase().contains("auth"))
}

fn cause<E: Error + 'static>(error: &async_nats::ConnectError) -> Option<&E> {
    causes(error).filter_map(|cause| cause.downcast_ref()).last()
}

fn causes(error: &async_nats::ConnectError) -> impl Iterator<Item = &(dyn Error + 'static)> {
    std::iter::successors(error.source(), |&error| inside(error))
}

fn inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    // The source of an `io::Error` is the source of what it wraps, and skips that itself.
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}
