use std::fmt::Display;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use headwater_log::Checkpoint;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sled::Tree;

use crate::overlay::Writes;
use crate::{StoreError, View};

/// The state of one projection, and up to where it has read: in one sled store, so that they commit
/// together.
#[derive(Debug)]
pub struct Store {
    tree: Tree,
    unflushed: Unflushed,
}

/// How much has been committed since the last flush.
#[derive(Debug, Default)]
struct Unflushed {
    commits: usize,
    rows: usize,
}

/// sled takes small batches faster than it makes them durable; waiting for it now and then keeps what a
/// crash would have to replay short, and a flush quick.
const COMMITS_PER_FLUSH: usize = 200;
const ROWS_PER_FLUSH: usize = 20_000;

/// How much of the state sled keeps in memory, in bytes.
const CACHE_BYTES: u64 = 24 * 1024 * 1024;

/// How long a store that is in use is waited for: its last process may be about to end, and an operator's
/// query has it open for a moment.
const IN_USE_LIMIT: Duration = Duration::from_secs(2);
const IN_USE_PAUSE: Duration = Duration::from_millis(50);

/// Not a table's row: tables have names.
pub(crate) const CHECKPOINT: &[u8] = b"\0checkpoint";
const BUILDER: &[u8] = b"\0builder";

/// Which code has built the state.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Builder {
    name: String,
    version: u32,
}

impl Store {
    /// Opens the store of the projection `name` in `directory`, and creates it if it isn't there.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] when another process has it open, [`StoreError::OtherBuilder`] when another
    /// projection or version has built it.
    pub fn open(directory: &Path, name: &str, version: u32) -> Result<Self, StoreError> {
        let tree = open_patiently(directory)?;
        let wanted = Builder { name: name.to_owned(), version };
        match tree.get(BUILDER)? {
            None => {
                let builder = serde_json::to_vec(&wanted).map_err(|source| StoreError::Encode { source })?;
                tree.insert(BUILDER, builder)?;
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
        Ok(Self { tree, unflushed: Unflushed::default() })
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
        View::new(self.tree.clone())
    }

    pub(crate) fn get<V: DeserializeOwned>(&self, row_key: &[u8]) -> Result<Option<V>, StoreError> {
        self.tree.get(row_key)?.map(|bytes| parse(&String::from_utf8_lossy(row_key), &bytes)).transpose()
    }

    /// Commits what events have written, and the position after them, at once.
    pub(crate) fn commit(&mut self, writes: Writes, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let Writes { mut batch, rows } = writes;
        let checkpoint = serde_json::to_vec(checkpoint).map_err(|source| StoreError::Encode { source })?;
        batch.insert(CHECKPOINT, checkpoint);
        self.tree.apply_batch(batch)?;
        self.unflushed.commits += 1;
        self.unflushed.rows += rows;
        if self.unflushed.commits >= COMMITS_PER_FLUSH || self.unflushed.rows >= ROWS_PER_FLUSH {
            self.flush()?;
        }
        Ok(())
    }

    /// Makes all commits durable.
    pub(crate) fn flush(&mut self) -> Result<(), StoreError> {
        self.tree.flush()?;
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

fn open_patiently(directory: &Path) -> Result<Tree, StoreError> {
    let begun = Instant::now();
    loop {
        match open(directory) {
            Err(StoreError::InUse { .. }) if begun.elapsed() < IN_USE_LIMIT => {
                std::thread::sleep(IN_USE_PAUSE)
            }
            result => return result,
        }
    }
}

pub(crate) fn open(directory: &Path) -> Result<Tree, StoreError> {
    let db =
        sled::Config::new().path(directory).cache_capacity(CACHE_BYTES).open().map_err(
            |error| match &error {
                sled::Error::Io(io) if io.to_string().contains("lock") => {
                    StoreError::InUse { directory: directory.to_owned() }
                }
                _ => StoreError::Directory { directory: directory.to_owned(), source: error },
            },
        )?;
    Ok(db.open_tree("projection")?)
}

pub(crate) fn parse<V: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<V, StoreError> {
    serde_json::from_slice(bytes)
        .map_err(|source| StoreError::Decode { what: what.replace('\0', " "), source })
}
