use std::error::Error;

use headwater_event::{Aggregate, DecodeError, EnvelopeError, EventTypeError, SubjectError};
use headwater_log::{AppendError, ReadError};

use crate::SchemaViolation;

/// Why a command wasn't handled. Every variant says whether something was stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HandleError<R: Error + Send + Sync + 'static> {
    /// The aggregate refuses the command. Nothing was stored, and trying again won't help.
    #[error("the command was rejected")]
    Rejected(#[source] R),
    /// What was decided can't be published. Nothing was stored, or sent; the service has a mistake.
    #[error("the command's events can't be published")]
    Invalid(#[from] InvalidEvents),
    /// Other writers were first, as often as it was tried. Nothing was stored: try again.
    #[error("{aggregate} was changed by others {attempts} times while the command was decided; try again")]
    Conflict {
        /// The aggregate.
        aggregate: Aggregate,
        /// The version that it has now.
        actual: u64,
        /// How often the command was decided.
        attempts: usize,
    },
    /// The log has another event with the id of one of the command's, at another aggregate. Nothing was stored: the
    /// command's id was used for another command.
    #[error(
        "the command's id was used for another one, whose event is at sequence {sequence}; take a new id"
    )]
    Duplicate {
        /// The aggregate.
        aggregate: Aggregate,
        /// Where the other event is stored.
        sequence: u64,
    },
    /// The server doesn't allow this service to publish an event. Nothing was stored.
    #[error("the server doesn't allow this service to publish on `{subject}`; its user needs the permission")]
    Denied {
        /// What the server denies.
        subject: String,
    },
    /// The log couldn't be reached in time. Nothing was stored, unless the command had been handled before: try again.
    #[error("the log is unavailable, and nothing was stored; try again")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The log gave no answer in time. The events may have been stored: handle the same command again, with the same
    /// id, and they are stored once.
    #[error(
        "the log gave no answer, and the events may have been stored; handle the command again with the same id"
    )]
    Unknown(#[source] Box<dyn Error + Send + Sync>),
    /// What the aggregate's history has can't be read. Nothing was stored.
    #[error(transparent)]
    Unreadable(#[from] UnreadableHistory),
    /// The log won't store the events, or has no stream for them. Nothing was stored.
    #[error("the log doesn't take the command's events")]
    Refused(#[source] Box<AppendError>),
}

impl<R: Error + Send + Sync + 'static> HandleError<R> {
    /// Whether the aggregate itself said no.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        matches!(self, Self::Rejected(_))
    }

    /// Whether the same command, with the same id, may be handled later. It is stored once, whether or not it was
    /// stored now.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Conflict { .. }) || self.is_unavailable()
    }

    /// Whether the log couldn't be reached, or didn't answer.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Unknown(_))
    }

    /// The same error, with the rejection as another type has it.
    pub(crate) fn map_rejection<S: Error + Send + Sync + 'static>(
        self,
        map: impl FnOnce(R) -> S,
    ) -> HandleError<S> {
        match self {
            Self::Rejected(rejection) => HandleError::Rejected(map(rejection)),
            Self::Invalid(source) => HandleError::Invalid(source),
            Self::Conflict { aggregate, actual, attempts } => {
                HandleError::Conflict { aggregate, actual, attempts }
            }
            Self::Duplicate { aggregate, sequence } => HandleError::Duplicate { aggregate, sequence },
            Self::Denied { subject } => HandleError::Denied { subject },
            Self::Unavailable(source) => HandleError::Unavailable(source),
            Self::Unknown(source) => HandleError::Unknown(source),
            Self::Unreadable(source) => HandleError::Unreadable(source),
            Self::Refused(source) => HandleError::Refused(source),
        }
    }
}

/// What is wrong with the events of a decision.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEvents {
    /// The aggregate's key can't be a subject.
    #[error("the command's aggregate can't be named")]
    Subject(#[from] SubjectError),
    /// An event isn't a valid CloudEvent.
    #[error("an event can't be a CloudEvent")]
    Envelope(#[from] EnvelopeError),
    /// An event's data isn't what the schema of its declared version says.
    #[error(transparent)]
    Schema(#[from] SchemaViolation),
    /// The events are too large, too many, or about another aggregate.
    #[error(transparent)]
    Append(Box<AppendError>),
}

/// What is wrong with an aggregate's history.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableHistory {
    /// A stored event can't be read.
    #[error("the stored event {event:?} of the aggregate can't be read")]
    Decode {
        /// The event's id.
        event: String,
        /// Why.
        source: DecodeError,
    },
    /// A stored event is none that the decider knows.
    #[error(
        "the stored event {event:?} has the type {type_name}, which the aggregate's decider doesn't know"
    )]
    UnknownEvent {
        /// The event's id.
        event: String,
        /// Its CloudEvents type.
        type_name: String,
        /// Set when the type isn't even of the form that names our events.
        source: Option<EventTypeError>,
    },
    /// What is stored isn't an event, or there is no stream.
    #[error(transparent)]
    Read(Box<ReadError>),
}

impl<R: Error + Send + Sync + 'static> From<AppendError> for HandleError<R> {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { aggregate, actual, .. } => {
                Self::Conflict { aggregate, actual, attempts: 1 }
            }
            AppendError::TooLarge { .. } | AppendError::Invalid { .. } => {
                Self::Invalid(InvalidEvents::Append(Box::new(error)))
            }
            AppendError::Duplicate { aggregate, sequence } => Self::Duplicate { aggregate, sequence },
            AppendError::Denied { subject, .. } => Self::Denied { subject },
            AppendError::Unavailable { .. } => Self::Unavailable(Box::new(error)),
            AppendError::Unknown { .. } => Self::Unknown(Box::new(error)),
            AppendError::NoStream { .. } | AppendError::Refused { .. } => Self::Refused(Box::new(error)),
        }
    }
}

impl<R: Error + Send + Sync + 'static> From<ReadError> for HandleError<R> {
    fn from(error: ReadError) -> Self {
        if error.is_unavailable() {
            Self::Unavailable(Box::new(error))
        } else {
            Self::Unreadable(UnreadableHistory::Read(Box::new(error)))
        }
    }
}
