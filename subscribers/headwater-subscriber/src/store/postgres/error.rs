use std::error::Error;
use std::io;
use std::time::Duration;

use crate::{StoreError, StorePlace};

/// Why the state in a database can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresStoreError {
    /// The database is away. A read that failed so may be tried again; a projection starts again and goes on from
    /// its checkpoint.
    #[error("{place} could not be reached for {waited:?}; start the service again when the database is back")]
    Unreachable {
        /// The state.
        place: StorePlace,
        /// For how long it was tried.
        waited: Duration,
        /// What came of the last attempt.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database refuses a statement or the connection.
    #[error(
        "the database refuses what the store of {place} needs; correct its address, its role, or the role's rights"
    )]
    Refused {
        /// The state.
        place: StorePlace,
        /// What it said.
        source: tokio_postgres::Error,
    },
    /// The database isn't fit for a store.
    #[error("{place} can't hold a projection: {reason}")]
    Unfit {
        /// The state.
        place: StorePlace,
        /// What is wrong, and what to do.
        reason: String,
    },
    /// Another process writes there now, or the database has lost commits, or has stored one that was given up. Nothing
    /// was committed.
    #[error(
        "{place} is not as this process has left it: another one has taken over, or the database was restored; \
         start again, and the projection goes on from the checkpoint that is there"
    )]
    Overtaken {
        /// The state.
        place: StorePlace,
    },
    /// The connection of a snapshot was lost, and the state has gone on meanwhile.
    #[error(
        "the connection of a snapshot of {place} was lost, and the state has gone on; take a new snapshot"
    )]
    SnapshotLost {
        /// The state.
        place: StorePlace,
    },
    /// A snapshot has been open for too long.
    #[error("a snapshot of {place} is older than {age_max:?}; take a new one, and don't keep it")]
    SnapshotTooOld {
        /// The state.
        place: StorePlace,
        /// How old it may become.
        age_max: Duration,
    },
    /// All connections for snapshots are in use.
    #[error(
        "{max} snapshots of {place} are open, and none has ended within {waited:?}; \
         keep snapshots for a shorter time, or allow more"
    )]
    Snapshots {
        /// The state.
        place: StorePlace,
        /// How many there may be.
        max: usize,
        /// For how long one was waited for.
        waited: Duration,
    },
    /// The thread that speaks with the database can't be started.
    #[error("the thread that speaks with the database can't be started")]
    Thread {
        /// Why.
        source: io::Error,
    },
    /// The thread that speaks with the database has ended.
    #[error("the thread that speaks with the database has ended in the middle of a call")]
    ThreadEnded,
}

impl From<PostgresStoreError> for StoreError {
    fn from(error: PostgresStoreError) -> Self {
        Self::Failed(Box::new(error))
    }
}
