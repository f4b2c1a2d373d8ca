use headwater_event::{EnvelopeError, SchemaError, SchemaViolation, SubjectError};
use headwater_log::AppendError;
use tokio_postgres::error::SqlState;

/// Why events weren't enqueued. The transaction should be rolled back.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// An event isn't a valid CloudEvent.
    #[error("an event of the command can't be published")]
    Envelope(#[from] EnvelopeError),
    /// An event's data aren't what the schema of its declared version says.
    #[error(transparent)]
    Violation(#[from] SchemaViolation),
    /// An event's schema can't be compiled. The registry would have refused it.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// An event's aggregate can't be named.
    #[error("an event's aggregate can't be named")]
    Subject(#[from] SubjectError),
    /// The log would refuse the events of an aggregate: an event is too large, or there are too many.
    #[error("the log would refuse the command's events")]
    Refused(#[source] Box<AppendError>),
    /// The command's id was used before, and for other events.
    #[error(
        "the command {command:?} was enqueued before with the events {stored:?}, and not {given:?}; give another \
         command another id, and enqueue all events of one command at once"
    )]
    Reused {
        /// The command's id.
        command: String,
        /// The subjects of the events that were enqueued before.
        stored: Vec<String>,
        /// The subjects of the events that were to be enqueued now.
        given: Vec<String>,
    },
    /// The database failed, or refused.
    #[error("the events can't be stored in the outbox")]
    Database {
        /// What it said.
        #[from]
        source: tokio_postgres::Error,
    },
}

impl EnqueueError {
    /// Whether the same transaction may succeed when it is run again from its beginning: another one was in its
    /// way, or the connection was lost.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        let Self::Database { source } = self else { return false };
        match source.code() {
            Some(code) => {
                *code == SqlState::T_R_SERIALIZATION_FAILURE
                    || *code == SqlState::T_R_DEADLOCK_DETECTED
                    // The service has a `lock_timeout`, and another transaction had the aggregate for longer.
                    || *code == SqlState::LOCK_NOT_AVAILABLE
                    || ["08", "53", "57"].iter().any(|class| code.code().starts_with(class))
            }
            None => source.is_closed(),
        }
    }
}

impl From<AppendError> for EnqueueError {
    fn from(error: AppendError) -> Self {
        Self::Refused(Box::new(error))
    }
}
