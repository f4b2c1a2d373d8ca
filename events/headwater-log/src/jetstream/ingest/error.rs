use crate::{AppendError, ReadError};

/// Why a bulk load can't begin, or doesn't go on.
#[derive(Debug, thiserror::Error)]
pub enum BulkLoadError {
    /// The stream was made without `allow_batched`.
    #[error(
        "the stream {stream} takes no bulk loads; allow them once with `JetStreamLog::allow_bulk_loads`, \
         which needs a NATS server of version 2.14 or later"
    )]
    NotAllowed {
        /// The stream.
        stream: String,
    },
    /// There is no stream, or it can't be asked about.
    #[error("the stream of the bulk load is not there, or can't be reached")]
    Unavailable {
        /// Why.
        source: ReadError,
    },
    /// The append makes no sense. None of its events was sent, and the load can go on without it.
    #[error("the bulk load can't take an append")]
    NotTaken {
        /// What is wrong with it.
        source: AppendError,
    },
    /// The load has ended before its time. To go on, correct what is wrong and begin another load with the same
    /// events in the same order: what is stored is found again, and stored once.
    #[error(
        "the bulk load ended at the event {event:?}; {stored} events before it are stored, up to {unknown} more may be"
    )]
    Failed {
        /// The id of the event that it ended at.
        event: String,
        /// How many of the events, from the first on, are surely stored.
        stored: u64,
        /// How many after them may be stored. The others are not.
        unknown: u64,
        /// Why that event is not stored, or not known to be.
        source: AppendError,
    },
    /// The load has failed before; an earlier call said why.
    #[error("the bulk load has failed before; begin another one with the same events")]
    Over,
}

impl BulkLoadError {
    /// Whether the event at which the load ended is contradicted by what another writer has stored.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Failed { source: AppendError::Conflict { .. }, .. })
    }
}
