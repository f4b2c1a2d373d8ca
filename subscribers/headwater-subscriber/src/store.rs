use std::fmt::Display;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use headwater_log::Checkpoint;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sled::{Batch, Tree};

use crate::overlay::Overlay;

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
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Not a table's row: tables have names.
const CHECKPOINT: &[u8] = b"\0checkpoint";
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
        let tree = open(directory)?;
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
        View { tree: self.tree.clone() }
    }

    pub(crate) fn get<V: DeserializeOwned>(&self, row_key: &[u8]) -> Result<Option<V>, StoreError> {
        self.tree.get(row_key)?.map(|bytes| parse(&String::from_utf8_lossy(row_key), &bytes)).transpose()
    }

    /// Commits what events have written, and the position after them, at once.
    pub(crate) fn commit(&mut self, overlay: &mut Overlay, checkpoint: &Checkpoint) -> Result<(), StoreError> {
        let mut batch = Batch::default();
        self.unflushed.rows += overlay.len();
        overlay.drain_into(&mut batch)?;
        let checkpoint = serde_json::to_vec(checkpoint).map_err(|source| StoreError::Encode { source })?;
        batch.insert(CHECKPOINT, checkpoint);
        self.tree.apply_batch(batch)?;
        self.unflushed.commits += 1;
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

/// The committed state of a projection, for queries. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct View {
    tree: Tree,
}

impl View {
    /// Opens the state in `directory` for reading, whichever projection has built it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when there is none, [`StoreError::InUse`] when the projection is running.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        if !directory.join("conf").exists() {
            return Err(StoreError::Missing { directory: directory.to_owned() });
        }
        Ok(Self { tree: open(directory)? })
    }

    /// Up to where the projection has read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.tree.get(CHECKPOINT)?.map(|bytes| parse("the checkpoint", &bytes)).transpose()
    }

    /// The names of the tables that hold rows.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when they can't be read.
    pub fn tables(&self) -> Result<Vec<String>, StoreError> {
        let mut tables = Vec::new();
        let mut from = vec![1];
        while let Some(key) = self.tree.range(from..).keys().next().transpose()? {
            let table = key.split(|&byte| byte == 0).next().unwrap_or_default();
            tables.push(String::from_utf8_lossy(table).into_owned());
            // The next table's first key is after all of this one's.
            from = [table, &[1]].concat();
        }
        Ok(tables)
    }

    /// The row of `table` at `key`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn get(&self, table: &str, key: &str) -> Result<Option<Row>, StoreError> {
        let value = self.tree.get(row_key(table, &key))?;
        value.map(|value| Row::new(table, key, &value)).transpose()
    }

    /// The rows of `table` at and after the key `from`.
    pub fn rows(&self, table: &str, from: &str) -> impl Iterator<Item = Result<Row, StoreError>> + use<> {
        let prefix = row_key(table, &"");
        let end = row_key(table, &"").iter().copied().take(table.len()).chain([1]).collect::<Vec<_>>();
        let table = table.to_owned();
        self.tree.range(row_key(&table, &from)..end).map(move |entry| {
            let (key, value) = entry?;
            let key = String::from_utf8_lossy(key.get(prefix.len()..).unwrap_or_default());
            Row::new(&table, &key, &value)
        })
    }
}

/// A row as it is stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Row {
    /// The table.
    pub table: String,
    /// The key's text.
    pub key: String,
    /// The value's JSON.
    pub value: Box<RawValue>,
}

impl Row {
    fn new(table: &str, key: &str, value: &[u8]) -> Result<Self, StoreError> {
        Ok(Self { table: table.to_owned(), key: key.to_owned(), value: parse(key, value)? })
    }

    pub(crate) fn parse<V: DeserializeOwned>(&self) -> Result<V, StoreError> {
        parse(&self.key, self.value.get().as_bytes())
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

fn open(directory: &Path) -> Result<Tree, StoreError> {
    let db = sled::Config::new().path(directory).cache_capacity(CACHE_BYTES).open().map_err(|error| match &error {
        sled::Error::Io(io) if io.to_string().contains("lock") => {
            StoreError::InUse { directory: directory.to_owned() }
        }
        _ => StoreError::Sled(error),
    })?;
    Ok(db.open_tree("projection")?)
}

fn parse<V: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<V, StoreError> {
    serde_json::from_slice(bytes).map_err(|source| StoreError::Decode { what: what.replace('\0', " "), source })
}

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
    #[error("the projection's state in {} is in use by another process", directory.display())]
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
    /// sled can't read or write.
    #[error("the projection's store failed")]
    Sled(#[from] sled::Error),
    /// A stored value isn't of the type that the projection says.
    #[error("the stored value of {what} can't be read; if its type has changed, raise the projection's version")]
    Decode {
        /// The row.
        what: String,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A stored key isn't of the type that the projection says.
    #[error("the stored key {key:?} of the table {table} can't be read; if its type has changed, raise the projection's version")]
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
    /// Two tables of one name hold different types.
    #[error("the row {key:?} of the table {table} was read as two types; give each table a name of its own")]
    TwoTypes {
        /// The table.
        table: String,
        /// The key.
        key: String,
    },
}
