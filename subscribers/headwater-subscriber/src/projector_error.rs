use headwater_event::SubjectError;
use headwater_log::{ReadError, StoredEvent};

use crate::{ApplyError, Projection, StoreError};

/// Why a projection has halted.
#[derive(Debug, thiserror::Error)]
pub enum ProjectorError {
    /// The events that the projection applies can't be read together.
    #[error("the projection's events can't be read together")]
    Events(#[source] SubjectError),
    /// The log can't be read.
    #[error("the projection can't read on")]
    Read(#[from] ReadError),
    /// An event can't be applied. Everything before it is committed.
    #[error(
        "the projection {name} has halted in front of sequence {sequence}, the event {event:?} of {source_uri}"
    )]
    Apply {
        /// The projection.
        name: &'static str,
        /// The event's sequence.
        sequence: u64,
        /// The event's id.
        event: String,
        /// The event's source.
        source_uri: String,
        /// Why.
        source: Box<ApplyError>,
    },
    /// The state can't be read or written.
    #[error("the projection's state can't be used")]
    Store(#[from] StoreError),
    /// The thread that works with the store has panicked, outside the projection's own code.
    #[error("the store of the projection {name} has panicked; what it was writing is not committed")]
    Panicked {
        /// The projection.
        name: &'static str,
    },
}

impl ProjectorError {
    pub(crate) fn apply<P: Projection>(event: &StoredEvent, source: ApplyError) -> Self {
        Self::Apply {
            name: P::NAME,
            sequence: event.sequence,
            event: event.envelope.id().to_owned(),
            source_uri: event.envelope.source().to_owned(),
            source: Box::new(source),
        }
    }
}
