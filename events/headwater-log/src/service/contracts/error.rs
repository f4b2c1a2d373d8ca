use std::error::Error;

use headwater_contract::{Finding, render};
use headwater_schema::deploy::AnnouncementError;

use super::bucket::BUCKET;
use crate::denials::Denial;

/// Why a service didn't announce itself, or why nobody can say which services are running.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AnnounceError {
    /// The service doesn't fit a service that is running.
    #[error(
        "{service} doesn't fit the services that are running, and was not started; change what is said above, or start it \
         all the same with --contract-check warn"
    )]
    Misfit {
        /// The service.
        service: String,
        /// What doesn't fit.
        findings: Vec<Finding>,
    },
    /// The server doesn't allow what is needed.
    #[error(
        "{denial}; to {purpose}, its user must be allowed to {} `{}`",
        if denial.subscription { "subscribe to" } else { "publish to" },
        pattern(denial)
    )]
    Denied {
        /// What was asked for.
        purpose: &'static str,
        /// What the server denied.
        #[source]
        denial: Denial,
    },
    /// The server answers, and won't do it.
    #[error("the NATS server can't {purpose}: {reason}; {remedy}")]
    Refused {
        /// What was asked for.
        purpose: &'static str,
        /// The server's words.
        reason: String,
        /// What to do.
        remedy: &'static str,
    },
    /// There is a bucket of that name, and it doesn't do what it is for.
    #[error(
        "the bucket {BUCKET} can't hold announcements: {problem}; remove it with `nats kv del {BUCKET}`, and the next \
         service that starts makes it as it must be"
    )]
    Bucket {
        /// What is wrong with it.
        problem: String,
    },
    /// The announcement doesn't fit into a message.
    #[error(
        "the announcement takes {bytes} bytes, and the NATS server takes {max} at most; raise its max_payload"
    )]
    TooLarge {
        /// The announcement's size.
        bytes: usize,
        /// What the server takes.
        max: usize,
    },
    /// The contract isn't the one that the macros have read.
    #[error(
        "the contract of {service} can't be understood; build the service again, with one version of Headwater"
    )]
    Contract {
        /// The service.
        service: String,
    },
    /// The announcement has no JSON form.
    #[error("the announcement can't be written")]
    Encode(#[from] AnnouncementError),
    /// No server answered in time; trying again later may help.
    #[error("no NATS server could {purpose} in time; see that one runs, with JetStream switched on")]
    Unavailable {
        /// What was asked for.
        purpose: &'static str,
        /// What the last attempt came to.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl AnnounceError {
    /// Whether a later attempt may succeed.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// What doesn't fit, as it is shown in a terminal.
    pub fn details(&self, colour: bool) -> Option<String> {
        match self {
            Self::Misfit { findings, .. } => Some(render::terminal(findings, colour)),
            _ => None,
        }
    }
}

/// What an operator allows: this subject, and its like from other instances.
fn pattern(denial: &Denial) -> String {
    let Denial { subject, subscription } = denial;
    match subject.rsplit_once('.') {
        Some((inbox, _)) if *subscription => format!("{}.>", inbox.split('.').next().unwrap_or(inbox)),
        Some((service, _)) if subject.starts_with("$KV.") => format!("{service}.*"),
        _ => subject.clone(),
    }
}
