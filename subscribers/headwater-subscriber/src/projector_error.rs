use headwater_event::{Domain, SubjectError};
use headwater_log::{LeaseError, ReadError, StoredEvent};

use crate::{ApplyError, BuildsError, Projection, StoreError};

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
        "the projection {name} has halted in front of sequence {sequence} of the stream {}, the event {event:?} of {source_uri}",
        domain.stream()
    )]
    Apply {
        /// The projection.
        name: &'static str,
        /// The event's domain.
        domain: Domain,
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
    /// The builds of the projection can't be looked at or changed.
    #[error("the projection's builds can't be used")]
    Builds(#[from] BuildsError),
    /// The partitions can't be shared with other instances.
    #[error("the projection's partitions can't be shared")]
    Sharing(#[from] LeaseError),
    /// What looks at which build is live has panicked.
    #[error("nobody watches any longer which build of the projection is live")]
    Unwatched,
    /// The thread that works with the store has panicked, outside the projection's own code.
    #[error("the store of the projection {name} has panicked; what it was writing is not committed")]
    Panicked {
        /// The projection.
        name: &'static str,
    },
}

impl ProjectorError {
    /// Whether it is an event that can't be got past: a projection that is started again halts in front of it again.
    #[must_use]
    pub fn is_at_event(&self) -> bool {
        match self {
            Self::Apply { .. } => true,
            Self::Read(error) => error.is_malformed(),
            Self::Events(_)
            | Self::Store(_)
            | Self::Builds(_)
            | Self::Sharing(_)
            | Self::Unwatched
            | Self::Panicked { .. } => false,
        }
    }

    pub(crate) fn apply<P: Projection>(domain: &Domain, event: &StoredEvent, source: ApplyError) -> Self {
        Self::Apply {
            name: P::NAME,
            domain: domain.clone(),
            sequence: event.sequence,
            event: event.envelope.id().to_owned(),
            source_uri: event.envelope.source().to_owned(),
            source: Box::new(source),
        }
    }
}
