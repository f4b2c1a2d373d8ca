//! Where the state of a projection is kept: one trait, and the stores that are behind it.

mod directory;
mod fjall;
mod kind;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
mod sled;
mod stores;

use std::fmt::Debug;
use std::ops::Range;
use std::sync::Arc;

pub use self::kind::StoreKind;
pub use self::place::StorePlace;
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresAddressError, PostgresConfig, PostgresStore, PostgresStoreError};
pub use self::stores::Stores;
use crate::StoreError;

/// Where the state of one projection is kept: a map from bytes to bytes, in the order of its keys.
///
/// A store knows nothing of tables, indexes and checkpoints. They are rows of the one map, laid out by this
/// crate alike in every store, and so they commit together in every store. What is promised here, the
/// `conformance` suite puts to the test.
pub trait Store: Debug + Send + Sync + 'static {
    /// The state as it is now. No later commit changes what is read from it, and it holds up none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the state can't be read.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError>;

    /// The same for the one that commits: however many snapshots there are, it waits for none of them to end.
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    fn snapshot_of_writer(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        self.snapshot()
    }

    /// Makes all of the writes visible at once, or none. They survive the process that made them when it
    /// ends by itself; what is to survive a crash needs a [`flush`](Self::flush), too. No two are of one
    /// key.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the state can't be written.
    fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError>;

    /// Makes what was committed durable. Whatever becomes of the process later, the state is that of this
    /// commit or of a later one, never of a part of one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the state can't be written.
    fn flush(&self) -> Result<(), StoreError>;
}

/// A state of a store that doesn't change.
pub trait Snapshot: Debug + Send + Sync + 'static {
    /// The value at `key`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// What is at the keys of `range`, in the `order` of their bytes. A range that ends before it begins is
    /// empty.
    fn range(&self, range: Range<&[u8]>, order: Order) -> Entries;
}

/// What a commit does to a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The key.
    pub key: Vec<u8>,
    /// Its new value; `None` removes it.
    pub value: Option<Vec<u8>>,
}

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Keys and values as they are read.
pub type Entries = Box<dyn Iterator<Item = Result<Entry, StoreError>> + Send>;

/// In which order keys are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the least.
    Ascending,
    /// From the greatest.
    Descending,
}

impl Order {
    /// Whether one key is read before another.
    pub(crate) fn is_before(self, one: &[u8], other: &[u8]) -> bool {
        match self {
            Self::Ascending => one < other,
            Self::Descending => one > other,
        }
    }
}
