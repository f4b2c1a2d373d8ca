use std::io;
use std::time::Duration;

use hyper::StatusCode;

/// Why the webhook doesn't have an alert, as far as is known.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// This machine has no certificates by which it could tell who answers.
    #[error("there are no certificates of authorities on this machine; install `ca-certificates`")]
    NoAuthorities(#[source] io::Error),
    /// What is sent can't be a request.
    #[error("the alert can't be sent as a request")]
    NoRequest(#[source] hyper::http::Error),
    /// There is no connection, or it broke before the answer.
    #[error("the webhook can't be reached")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    /// It has said when to come again, and nothing was sent before.
    #[error("the webhook wants nothing for another {left:?}")]
    NotYet {
        /// How long to wait.
        left: Duration,
    },
    /// It has answered, and not that it has the alert.
    #[error("the webhook answers {status}")]
    Answered {
        /// The status.
        status: StatusCode,
    },
}

impl WebhookError {
    /// Whether any other alert would fare the same.
    #[must_use]
    pub fn says_nothing_of_the_alert(&self) -> bool {
        match self {
            Self::NoAuthorities(_) | Self::Unreachable(_) | Self::NotYet { .. } => true,
            Self::NoRequest(_) => false,
            // Whoever isn't let in mends the address or the receiver, and no alert.
            Self::Answered { status } => {
                status.is_server_error()
                    || [StatusCode::TOO_MANY_REQUESTS, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN]
                        .contains(status)
            }
        }
    }

    /// Whether the same alert may be taken a while later.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        const PASSING: [StatusCode; 3] =
            [StatusCode::REQUEST_TIMEOUT, StatusCode::CONFLICT, StatusCode::TOO_EARLY];
        matches!(self, Self::Answered { status } if PASSING.contains(status))
    }
}
