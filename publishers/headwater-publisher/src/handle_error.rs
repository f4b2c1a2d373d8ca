use std::error::Error;

use headwater_event::{DecodeError, EnvelopeError, EventTypeError, SubjectError};
use headwater_log::{AppendError, ReadError};

/// Why a command wasn't handled.
#[derive(Debug, thiserror::Error)]
pub enum HandleError<R: Error + Send + Sync + 'static> {
    /// The aggregate refuses the command. Nothing was stored, and trying again won't help.
    #[error("the command was rejected")]
    Rejected(#[source] R),
    /// Other writers were first, as often as it was tried. Nothing was stored: try again.
    #[error("the aggregate was changed by others {attempts} times while the command was decided")]
    Contended {
        /// How often the command was decided.
        attempts: usize,
    },
    /// The events couldn't be appended, or may not have been: the source says which.
    #[error("the command's events can't be appended")]
    Append(#[source] Box<AppendError>),
    /// The aggregate can't be loaded. Nothing was stored, unless the command had been handled before.
    #[error("the aggregate can't be loaded")]
    Load(#[source] Box<ReadError>),
    /// A stored event of the aggregate can't be read. Nothing was stored.
    #[error("the stored event {event:?} of the aggregate can't be read")]
    Decode {
        /// The event's id.
        event: String,
        /// Why.
        source: DecodeError,
    },
    /// A stored event of the aggregate is none that its decider knows. Nothing was stored.
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
    /// The aggregate's key can't be a subject. Nothing was stored.
    #[error("the command's aggregate can't be named")]
    Subject(#[from] SubjectError),
    /// An event isn't a valid CloudEvent. Nothing was stored.
    #[error("the command's events can't be published")]
    Envelope(#[from] EnvelopeError),
}

impl<R: Error + Send + Sync + 'static> HandleError<R> {
    /// Whether the aggregate itself said no.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        matches!(self, Self::Rejected(_))
    }

    /// Whether the log couldn't be reached. The same command, with the same id, may be handled later; it is
    /// stored once, whether or not it was stored now.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Append(error) => error.is_unavailable(),
            Self::Load(error) => error.is_unavailable(),
            _ => false,
        }
    }
}

impl<R: Error + Send + Sync + 'static> From<AppendError> for HandleError<R> {
    fn from(error: AppendError) -> Self {
        Self::Append(Box::new(error))
    }
}

impl<R: Error + Send + Sync + 'static> From<ReadError> for HandleError<R> {
    fn from(error: ReadError) -> Self {
        Self::Load(Box::new(error))
    }
}
