use std::any::Any;
use std::error::Error;

use headwater_event::{DecodeError, Event, EventTypeError};
use headwater_log::StoredEvent;

use crate::{Recorded, StoreError, Tx};

/// What a projection does with one kind of event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle `{E}`",
    label = "listed here, and there is no `Apply<{E}>`",
    note = "write `impl Apply<{E}> for {Self}`, with `fn apply(&self, event: &Recorded<'_, {E}>, tx: &mut Tx<'_>) -> Result<(), ApplyError>`",
    note = "or remove `{E}` from `applies(...)`, and from what the service's contract subscribes to"
)]
pub trait Apply<E: Event> {
    /// Writes what the event changes. It is called once for each event, in the order of the stream.
    ///
    /// # Errors
    ///
    /// [`ApplyError`], which halts the projection at this event: nothing of the event takes effect, and
    /// nothing after it is applied.
    fn apply(&self, event: &Recorded<'_, E>, tx: &mut Tx<'_>) -> Result<(), ApplyError>;
}

/// Why an event can't be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// The event's type isn't of the form that names our events.
    #[error("the event's type can't be read")]
    EventType(#[from] EventTypeError),
    /// The event's data can't be read.
    #[error("the event's data can't be read")]
    Decode(#[from] DecodeError),
    /// The event stands on a subject that the projection reads, and is none that it applies.
    #[error("{type_name} is not an event that the projection applies, though its subject says so")]
    Unexpected {
        /// The event's CloudEvents type.
        type_name: String,
    },
    /// The projection's state can't be read or written.
    #[error("the projection's state can't be read or written")]
    Store(#[from] StoreError),
    /// The projection's code has panicked.
    #[error("the projection's code has panicked: {message}")]
    Panicked {
        /// What it said.
        message: String,
    },
    /// The projection itself says that the event can't be right.
    #[error("the projection refuses the event")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

impl ApplyError {
    /// The event is none that the projection applies.
    #[must_use]
    pub fn unexpected(event: &StoredEvent) -> Self {
        Self::Unexpected { type_name: event.envelope.type_name().to_owned() }
    }

    /// The event contradicts what the projection knows.
    #[must_use]
    pub fn refused(reason: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Refused(reason.into())
    }

    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self::Panicked { message: text.unwrap_or("without a message").to_owned() }
    }
}
