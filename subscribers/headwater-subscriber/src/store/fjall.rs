use std::fmt;
use std::iter;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, Readable as _};

use super::{Entries, Entry, Order, Snapshot, Store, Write};
use crate::StoreError;

/// A store in fjall, whose snapshots are its own.
#[derive(Clone)]
pub(super) struct FjallStore {
    database: Database,
    rows: Keyspace,
}

/// How much of the state fjall keeps in memory to read from, in bytes.
const CACHE_BYTES: u64 = 24 * 1024 * 1024;

/// How much it gathers in memory before it writes a table, in bytes: also what it reads again from its
/// journal when it is opened.
const MEMTABLE_BYTES: u64 = 16 * 1024 * 1024;

impl FjallStore {
    pub(super) fn open(directory: &Path) -> Result<Self, StoreError> {
        let open = || {
            let database = Database::builder(directory).cache_size(CACHE_BYTES).open()?;
            let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
            let rows = database.keyspace("projection", options)?;
            Ok(Self { database, rows })
        };
        open().map_err(|error| match error {
            fjall::Error::Locked => StoreError::InUse { place: directory.into() },
            error => StoreError::Directory { directory: directory.to_owned(), source: Box::new(error) },
        })
    }
}

impl Store for FjallStore {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(FjallSnapshot { snapshot: self.database.snapshot(), store: self.clone() }))
    }

    fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        // Not only in this process's memory afterwards, so that its end loses nothing.
        let mut batch = self.database.batch().durability(Some(PersistMode::Buffer));
        for Write { key, value } in writes {
            match value {
                Some(value) => batch.insert(&self.rows, key, value),
                None => batch.remove(&self.rows, key),
            }
        }
        Ok(batch.commit()?)
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(self.database.persist(PersistMode::SyncData)?)
    }
}

impl fmt::Debug for FjallStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FjallStore").finish_non_exhaustive()
    }
}

struct FjallSnapshot {
    snapshot: fjall::Snapshot,
    /// Open for as long as somebody reads.
    store: FjallStore,
}

impl Snapshot for FjallSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.snapshot.get(&self.store.rows, key)?.map(|value| value.to_vec()))
    }

    fn range(&self, range: Range<&[u8]>, order: Order) -> Entries {
        if range.is_empty() {
            return Box::new(iter::empty());
        }
        let mut guards = self.snapshot.range(&self.store.rows, range);
        let store = self.store.clone();
        Box::new(iter::from_fn(move || {
            let _open = &store;
            let guard = match order {
                Order::Ascending => guards.next(),
                Order::Descending => guards.next_back(),
            };
            guard.map(|guard| {
                let (key, value) = guard.into_inner()?;
                Ok::<Entry, StoreError>((key.to_vec(), value.to_vec()))
            })
        }))
    }
}

impl fmt::Debug for FjallSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FjallSnapshot").finish_non_exhaustive()
    }
}

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        Self::Failed(Box::new(error))
    }
}
