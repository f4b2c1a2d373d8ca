use std::error::Error;
use std::path::PathBuf;

use crate::{BuildsError, StoreKind, StorePlace};

/// Why a projection's state can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no state.
    #[error("there is no projection in {}; name the directory that the projection was started with", directory.display())]
    Missing {
        /// Where it was looked for.
        directory: PathBuf,
    },
    /// Another process has the state open.
    #[error("the projection's state in {place} is in use by another process; stop it, or name another {}", place.kind())]
    InUse {
        /// The state.
        place: StorePlace,
    },
    /// The builds of the projection can't be looked at.
    #[error("it isn't known which build of the projection is live")]
    Builds(#[from] BuildsError),
    /// The projection's directory holds a state, and not a directory for each build.
    #[error(
        "the state in {} was built by an earlier version of Headwater, which had one build only; \
         move the directory away, and the projection is rebuilt from the stream",
        directory.display()
    )]
    Unbuilt {
        /// The projection's directory.
        directory: PathBuf,
    },
    /// Another projection, or another build of it, is there.
    #[error(
        "the state in {place} was built by {found}, and this is {wanted}; \
         move the {kind} away, and the projection is rebuilt from the stream",
        kind = place.kind()
    )]
    OtherBuilder {
        /// The state.
        place: StorePlace,
        /// What has built it.
        found: String,
        /// What was about to use it.
        wanted: String,
    },
    /// A store of another kind is there.
    #[error(
        "the state in {} is in a {found} store, and not in a {wanted} store; start the service with --store {found}, \
         or move the directory away, and the projection is rebuilt from the stream",
        directory.display()
    )]
    OtherKind {
        /// The state's directory.
        directory: PathBuf,
        /// What it is.
        found: StoreKind,
        /// What was to be opened.
        wanted: String,
    },
    /// The state is in no directory.
    #[error(
        "the state of {} is in {place}; start the service with --store postgres, and ask it while it runs, or read it with SQL",
        directory.display()
    )]
    Elsewhere {
        /// The directory that says so.
        directory: PathBuf,
        /// Where it is.
        place: StorePlace,
    },
    /// Something that is no store is there.
    #[error("{place} is no projection's {kind}, for {entry} is there; name another {kind}", kind = place.kind())]
    Foreign {
        /// Where it is.
        place: StorePlace,
        /// What is there.
        entry: String,
    },
    /// The directory can't be used.
    #[error("the projection's directory {} can't be opened", directory.display())]
    Directory {
        /// The state's directory.
        directory: PathBuf,
        /// What the store, or the operating system, reports.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store can't read or write.
    #[error("the projection's store failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// A stored value isn't of the type that the projection says.
    #[error(
        "the stored value of {what} can't be read; if its type has changed, raise the projection's version"
    )]
    Decode {
        /// The row.
        what: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A stored key isn't of the type that the projection says.
    #[error(
        "the stored key {key:?} of the table {table} can't be read; if its type has changed, raise the projection's version"
    )]
    Key {
        /// The table.
        table: String,
        /// The key.
        key: String,
    },
    /// A value has no JSON form.
    #[error("a value has no JSON form")]
    Encode {
        /// Why.
        source: serde_json::Error,
    },
    /// An index leads to a row that isn't there.
    #[error(
        "the index {index} of the table {table} names the row {key:?}, which is not there; \
         the state is corrupt: move its directory away, and the projection is rebuilt from the stream"
    )]
    Index {
        /// The table.
        table: &'static str,
        /// The index.
        index: &'static str,
        /// The row's key.
        key: String,
    },
    /// Two tables of one name hold different types.
    #[error("the row {key:?} of the table {table} was read as two types; give each table a name of its own")]
    TwoTypes {
        /// The table.
        table: String,
        /// The key.
        key: String,
    },
    /// Two partitions have written one row.
    #[error(
        "the row {key:?} of the table {table} is in two partitions; a projection is `partitioned` only if events of different keys never \
         write one row: remove the word, and the option --partitions"
    )]
    TwoPartitions {
        /// The table.
        table: String,
        /// The key.
        key: String,
    },
    /// Another instance may have the partition by now.
    #[error("the partition {partition} is not this instance's any longer: its lease is over")]
    LeaseLost {
        /// Which one.
        partition: u32,
    },
    /// Another instance had the partition later.
    #[error(
        "the state of the partition {partition} was written under a later lease (epoch {found}) than this instance's (epoch {own})"
    )]
    Fenced {
        /// Which one.
        partition: u32,
        /// The epoch that the state names.
        found: u64,
        /// The epoch of this instance's lease.
        own: u64,
    },
    /// The state isn't one that can be divided.
    #[error("the state can't be divided into {count} partitions: {reason}")]
    Undivided {
        /// How many there should be.
        count: u32,
        /// Why there can't.
        reason: &'static str,
    },
}

impl StoreError {
    /// Whether the store itself failed, as another attempt may not; and nothing is wrong with what it holds.
    pub(crate) fn is_of_the_store(&self) -> bool {
        matches!(
            self,
            Self::Failed(_)
                | Self::Directory { .. }
                | Self::InUse { .. }
                | Self::LeaseLost { .. }
                | Self::Fenced { .. }
        )
    }
}
