use headwater_event::{Aggregate, Domain};
use headwater_log::OpenError;

/// Why the relay has stopped by itself. What waits stays in the outbox.
///
/// A database or a log that is away is no reason: the relay waits for them.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    /// The outbox's tables aren't there.
    #[error("the outbox's tables are missing; run `Outbox::migrate`, or name the schema in which they are")]
    NotMigrated,
    /// The outbox's tables are of a newer version of this crate.
    #[error("the outbox's tables have version {found}, and this program knows {known}; upgrade it")]
    Newer {
        /// The tables' version.
        found: i32,
        /// The newest that this program knows.
        known: i32,
    },
    /// The database refuses the relay: a wrong password, a missing database or right.
    #[error("the database refuses the relay; correct its address, its role, or the role's rights")]
    Database {
        /// What it said.
        source: tokio_postgres::Error,
    },
    /// A stream isn't fit to keep events.
    #[error("the relay has nowhere to publish")]
    Stream {
        /// What is wrong with it.
        source: OpenError,
    },
    /// A stream is gone.
    #[error(
        "the stream of the domain {domain} was deleted while the relay ran; restore it, then start the relay"
    )]
    NoStream {
        /// The stream's domain.
        domain: Domain,
    },
    /// A stream has lost events.
    #[error(
        "{aggregate} is at version {actual} on the stream, and its event at {expected} was stored there: the stream \
         was restored or recreated; restore what it has lost, or delete the rows of `headwater_outbox_relayed` to \
         go on without"
    )]
    StreamBehind {
        /// An aggregate that has lost events.
        aggregate: Aggregate,
        /// The sequence of its last event, when the outbox last saw it.
        expected: u64,
        /// The sequence of its last event now.
        actual: u64,
    },
}
