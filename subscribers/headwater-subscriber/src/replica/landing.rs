use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::state::State;
use crate::store::Write;
use crate::{Entry, Store, StoreKind};

use super::ReplicaError;

/// A store beside a build's own, into which a snapshot is loaded. It becomes the build's own when all of it is there and right, in one
/// step; until then the build's own state is empty, whatever is killed.
pub(super) struct Landing {
    directory: PathBuf,
    store: Arc<dyn Store>,
    writes: Vec<Write>,
    bytes: usize,
    unflushed: usize,
}

/// How many writes share a commit, and about how many bytes.
const WRITES_PER_COMMIT: usize = 1000;
const BYTES_PER_COMMIT: usize = 1024 * 1024;

/// A store such as sled takes commits faster than it makes them durable, so it is waited for now and then.
const WRITES_PER_FLUSH: usize = 20_000;

impl Landing {
    /// Begins with nothing, in a store of the kind, beside the state in `own`.
    pub(super) fn begin(kind: StoreKind, own: &Path) -> Result<Self, ReplicaError> {
        let directory = own.with_extension("loading");
        // What a killed process has left.
        remove(&directory)?;
        let store = kind.open(&directory)?;
        Ok(Self { directory, store, writes: Vec::new(), bytes: 0, unflushed: 0 })
    }

    pub(super) fn write(&mut self, (key, value): Entry) -> Result<(), ReplicaError> {
        self.bytes += key.len() + value.len();
        self.writes.push(Write { key, value: Some(value) });
        if self.writes.len() >= WRITES_PER_COMMIT || self.bytes >= BYTES_PER_COMMIT {
            self.commit()?;
        }
        Ok(())
    }

    /// Makes all that was written durable.
    pub(super) fn finish(&mut self) -> Result<&Arc<dyn Store>, ReplicaError> {
        self.commit()?;
        self.store.flush()?;
        Ok(&self.store)
    }

    /// Puts the loaded state in the place of the build's own, which is empty, or behind.
    pub(super) fn land(self, before: State, own: &Path) -> Result<(), ReplicaError> {
        let Self { directory, store, .. } = self;
        // A directory must not be in use when it gets another name.
        drop((store, before));
        let aside = own.with_extension("empty");
        remove(&aside)?;
        let moved = || -> io::Result<()> {
            fs::rename(own, &aside)?;
            fs::rename(&directory, own)?;
            own.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
        };
        moved().map_err(|source| ReplicaError::File { path: own.to_owned(), source })?;
        // It is of no use any longer; and what is left of it is removed the next time.
        remove(&aside).ok();
        Ok(())
    }

    fn commit(&mut self) -> Result<(), ReplicaError> {
        let writes = std::mem::take(&mut self.writes);
        self.unflushed += writes.len();
        self.bytes = 0;
        self.store.commit(writes)?;
        if self.unflushed >= WRITES_PER_FLUSH {
            self.store.flush()?;
            self.unflushed = 0;
        }
        Ok(())
    }
}

/// Removes what killed processes have left beside a state. What can't be removed is met again by whoever is in need of its place.
pub(super) fn clear(own: &Path) {
    for ending in ["loading", "empty"] {
        remove(&own.with_extension(ending)).ok();
    }
    for ending in ["download", "upload"] {
        fs::remove_file(own.with_extension(ending)).ok();
    }
}

/// Removes a directory beside a state, if it is there.
pub(super) fn remove(directory: &Path) -> Result<(), ReplicaError> {
    match fs::remove_dir_all(directory) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(ReplicaError::File { path: directory.to_owned(), source })
        }
        _ => Ok(()),
    }
}
