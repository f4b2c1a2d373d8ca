use std::fmt::Display;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use headwater_log::Checkpoint;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::store::Write;
use crate::{Snapshot, Store, StoreError, StoreKind, View};

/// The state of one projection, and up to where it has read: in one store, so that they commit together.
///
/// A row of a table is at the table's name, a zero byte, and the key's text. No table has the empty name:
/// there are the checkpoint and the name of the code that has built the state.
#[derive(Debug)]
pub struct State {
    store: Arc<dyn Store>,
    unflushed: Unflushed,
}

/// How much has been committed since the last flush.
#[derive(Debug, Default)]
struct Unflushed {
    commits: usize,
    rows: usize,
}

/// A store such as sled takes small batches faster than it makes them durable; waiting for it now and then keeps what a
/// crash would have to replay short, and a flush quick.
const COMMITS_PER_FLUSH: usize = 200;
const ROWS_PER_FLUSH: usize = 20_000;

/// Not a table's row: tables have names.
pub(crate) const CHECKPOINT: &[u8] = b"\0checkpoint";
const BUILDER: &[u8] = b"\0builder";

/// Which code has built the state.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Builder {
    name: String,
    version: u32,
}

impl State {
    /// Opens the state of the projection `name` in `directory`, in a store of the kind, and creates it if it
    /// isn't there.
    ///
    /// # Errors
    ///
    /// As [`StoreKind::open`], and [`StoreError::OtherBuilder`] when another projection or version has built
    /// it.
    pub fn open(kind: StoreKind, directory: &Path, name: &str, version: u32) -> Result<Self, StoreError> {
        let store = kind.open(directory)?;
        let wanted = Builder { name: name.to_owned(), version };
        match store.snapshot()?.get(BUILDER)? {
            None => {
                let builder = serde_json::to_vec(&wanted).map_err(|source| StoreError::Encode { source })?;
                store.commit(vec![Write { key: BUILDER.to_owned(), value: Some(builder) }])?;
            }
            Some(bytes) => {
                let found: Builder = parse("the store's builder", &bytes)?;
                if found != wanted {
                    return Err(StoreError::OtherBuilder {
                        directory: directory.to_owned(),
                        found: format!("{} version {}", found.name, found.version),
                        wanted: format!("{name} version {version}"),
                    });
                }
            }
        }
        Ok(Self { store, unflushed: Unflushed::default() })
    }

    /// Up to where the projection has read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.view().checkpoint()
    }

    /// The committed state.
    #[must_use]
    pub fn view(&self) -> View {
        View::new(Arc::clone(&self.store))
    }

    pub(crate) fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        self.store.snapshot()
    }

    /// Commits what events have written, and the position after them, at once.
    pub(crate) fn commit(
        &mut self,
        mut writes: Vec<Write>,
        checkpoint: &Checkpoint,
    ) -> Result<(), StoreError> {
        let rows = writes.len();
        let checkpoint = serde_json::to_vec(checkpoint).map_err(|source| StoreError::Encode { source })?;
        writes.push(Write { key: CHECKPOINT.to_owned(), value: Some(checkpoint) });
        self.store.commit(writes)?;
        self.unflushed.commits += 1;
        self.unflushed.rows += rows;
        if self.unflushed.commits >= COMMITS_PER_FLUSH || self.unflushed.rows >= ROWS_PER_FLUSH {
            self.flush()?;
        }
        Ok(())
    }

    /// Makes all commits durable.
    pub(crate) fn flush(&mut self) -> Result<(), StoreError> {
        self.store.flush()?;
        self.unflushed = Unflushed::default();
        Ok(())
    }
}

pub(crate) fn row_key(table: &str, key: &impl Display) -> Vec<u8> {
    let mut row = Vec::with_capacity(64);
    row.extend_from_slice(table.as_bytes());
    row.push(0);
    // Writing to a vector can't fail.
    let _ = write!(row, "{key}");
    row
}

/// After all rows of the table.
pub(crate) fn table_end(table: &str) -> Vec<u8> {
    [table.as_bytes(), &[1]].concat()
}

pub(crate) fn parse<V: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<V, StoreError> {
    serde_json::from_slice(bytes)
        .map_err(|source| StoreError::Decode { what: what.replace('\0', " "), source })
}
