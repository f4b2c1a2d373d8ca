use std::error::Error;
use std::path::PathBuf;

use crate::StoreKind;

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
    #[error("the projection's state in {} is in use by another process; stop it, or name another directory", directory.display())]
    InUse {
        /// The state's directory.
        directory: PathBuf,
    },
    /// Another projection, or another version of it, has built the state.
    #[error(
        "the state in {} was built by {found}, and this is {wanted}; \
         move the directory away, and the projection is rebuilt from the stream",
        directory.display()
    )]
    OtherBuilder {
        /// The state's directory.
        directory: PathBuf,
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
        wanted: StoreKind,
    },
    /// Something that is no store is there.
    #[error("{} is no projection's directory, for {entry} is there; name another directory", directory.display())]
    Foreign {
        /// The directory.
        directory: PathBuf,
        /// What is in it.
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
         if the index is new, raise the projection's version"
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
}
