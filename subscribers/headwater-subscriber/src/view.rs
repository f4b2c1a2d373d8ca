use std::path::Path;

use headwater_log::Checkpoint;
use sled::Tree;

use crate::store::{CHECKPOINT, open, parse, row_key};
use crate::{Row, StoreError};

/// The committed state of a projection, for queries. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct View {
    tree: Tree,
}

impl View {
    pub(crate) fn new(tree: Tree) -> Self {
        Self { tree }
    }

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
        let key_begins_at = table.len() + 1;
        let end = [table.as_bytes(), &[1]].concat();
        let table = table.to_owned();
        self.tree.range(row_key(&table, &from)..end).map(move |entry| {
            let (key, value) = entry?;
            let key = String::from_utf8_lossy(key.get(key_begins_at..).unwrap_or_default());
            Row::new(&table, &key, &value)
        })
    }
}
