use std::error::Error;
use std::future::Future;

use headwater_event::{DecodeError, Event, EventTypeError};
use headwater_log::StoredEvent;

use crate::{Effect, Recorded};

/// What a reactor does about one kind of event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{E}`",
    label = "listed here, and there is no `React<{E}>`",
    note = "write `impl React<{E}> for {Self}`, with `async fn react(&self, event: &Recorded<'_, {E}>, effect: &Effect) -> Result<(), ReactError>`",
    note = "or remove `{E}` from `handles(...)`, and from what the service's contract subscribes to"
)]
pub trait React<E: Event> {
    /// Does the effect, and returns when it is durable. It is called at least once for each event, in the order of the events of one
    /// key; and never at the same time for two of one key.
    ///
    /// It is dropped when its time is over, or when another instance may take over.
    ///
    /// # Errors
    ///
    /// [`ReactError`], which says whether another attempt may help.
    fn react(
        &self,
        event: &Recorded<'_, E>,
        effect: &Effect,
    ) -> impl Future<Output = Result<(), ReactError>> + Send;
}

/// Why an effect isn't done.
#[derive(Debug, thiserror::Error)]
pub enum ReactError {
    /// This attempt has failed, and another one may succeed.
    #[error("the attempt has failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// No attempt will succeed: the event is parked at once.
    #[error("the reactor refuses the event")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
    /// What the effect needs doesn't answer. It says nothing of the event, and doesn't count as an attempt.
    #[error("what the effect needs is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The event's type isn't of the form that names our events.
    #[error("the event's type can't be read")]
    EventType(#[from] EventTypeError),
    /// The event's data can't be read.
    #[error("the event's data can't be read")]
    Decode(#[from] DecodeError),
    /// The event stands on a subject that the reactor reads, and is none that it handles.
    #[error("{type_name} is not an event that the reactor handles, though its subject says so")]
    Unexpected {
        /// The event's CloudEvents type.
        type_name: String,
    },
}

impl ReactError {
    /// The attempt has failed; it is tried again after a while, up to the limit of attempts.
    #[must_use]
    pub fn failed(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(reason.into())
    }

    /// No attempt will help.
    #[must_use]
    pub fn refused(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Refused(reason.into())
    }

    /// What the effect needs is down; it is tried again when it is up.
    #[must_use]
    pub fn unavailable(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(reason.into())
    }

    /// The event is none that the reactor handles.
    #[must_use]
    pub fn unexpected(event: &StoredEvent) -> Self {
        Self::Unexpected { type_name: event.envelope.type_name().to_owned() }
    }
}
