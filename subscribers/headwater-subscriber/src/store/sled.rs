mod history;
mod snapshot;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use sled::{Batch, Tree};

use self::history::History;
use self::snapshot::SledSnapshot;
use super::{Snapshot, Store, Write};
use crate::StoreError;

/// A store in sled. sled has no snapshots, so this keeps what a commit overwrites for as long as a snapshot
/// is older than it.
#[derive(Debug)]
pub(super) struct SledStore {
    tree: Tree,
    /// Locked for writing by a commit, from before it changes a row until it has changed all.
    history: Arc<RwLock<History>>,
}

/// How much of the state sled keeps in memory, in bytes.
const CACHE_BYTES: u64 = 24 * 1024 * 1024;

impl SledStore {
    pub(super) fn open(directory: &Path) -> Result<Self, StoreError> {
        let config = sled::Config::new().path(directory).cache_capacity(CACHE_BYTES);
        let db = config.open().map_err(|error| match &error {
            sled::Error::Io(io) if io.to_string().contains("lock") => {
                StoreError::InUse { place: directory.into() }
            }
            _ => StoreError::Directory { directory: directory.to_owned(), source: Box::new(error) },
        })?;
        Ok(Self { tree: db.open_tree("projection")?, history: Arc::default() })
    }
}

impl Store for SledStore {
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(Arc::new(SledSnapshot::new(self.tree.clone(), Arc::clone(&self.history))))
    }

    fn commit(&self, writes: Vec<Write>) -> Result<(), StoreError> {
        let mut history = self.history.write().unwrap_or_else(PoisonError::into_inner);
        if history.is_observed() {
            for Write { key, .. } in &writes {
                history.keep(key, || Ok(self.tree.get(key)?.map(|value| value.to_vec())))?;
            }
        }
        let mut batch = Batch::default();
        for Write { key, value } in writes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        // Also when it fails: then what was kept is what is still there.
        history.advance();
        Ok(self.tree.apply_batch(batch)?)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.tree.flush()?;
        Ok(())
    }
}

impl From<sled::Error> for StoreError {
    fn from(error: sled::Error) -> Self {
        Self::Failed(Box::new(error))
    }
}
