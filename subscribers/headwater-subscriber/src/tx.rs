use std::fmt::Display;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::overlay::Overlay;
use crate::state::{State, parse, row_key};
use crate::{Indexes, Snapshot, StoreError};

/// What a projection may do while it applies an event: read and write its own tables.
pub struct Tx<'a> {
    /// What was committed before.
    committed: Arc<dyn Snapshot>,
    overlay: &'a mut Overlay,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(state: &State, overlay: &'a mut Overlay) -> Result<Self, StoreError> {
        Ok(Self { committed: state.store().snapshot_of_writer()?, overlay })
    }

    /// The row, to be read.
    pub(crate) fn read<V>(&mut self, table: &str, key: &impl Display) -> Result<Option<&V>, StoreError>
    where
        V: Serialize + DeserializeOwned + Send + 'static,
    {
        Ok(self.slot(table, key, false)?.as_ref())
    }

    /// The row, to be changed: it will be written.
    pub(crate) fn change<V, I>(
        &mut self,
        table: &str,
        key: &impl Display,
    ) -> Result<&mut Option<V>, StoreError>
    where
        V: Serialize + DeserializeOwned + Send + 'static,
        I: Indexes<V>,
    {
        self.index::<V, I>(table, key)?;
        self.slot(table, key, true)
    }

    pub(crate) fn write<V, I>(
        &mut self,
        table: &str,
        key: &impl Display,
        value: Option<V>,
    ) -> Result<(), StoreError>
    where
        V: Serialize + DeserializeOwned + Send + 'static,
        I: Indexes<V>,
    {
        self.index::<V, I>(table, key)?;
        self.overlay.insert(row_key(table, key), value, true);
        Ok(())
    }

    /// A row of a table with indexes leaves the places in them that its committed value has.
    fn index<V, I>(&mut self, table: &str, key: &impl Display) -> Result<(), StoreError>
    where
        V: DeserializeOwned + 'static,
        I: Indexes<V>,
    {
        if I::NAMES.is_empty() {
            return Ok(());
        }
        let row = row_key(table, key);
        if !self.overlay.is_indexed(&row) {
            let committed: Option<V> = self.committed(&row)?;
            self.overlay.index::<V, I>(row, table, key.to_string(), committed);
        }
        Ok(())
    }

    fn committed<V: DeserializeOwned>(&self, row: &[u8]) -> Result<Option<V>, StoreError> {
        let stored = self.committed.get(row)?;
        stored.map(|bytes| parse(&String::from_utf8_lossy(row), &bytes)).transpose()
    }

    /// Where the row is kept until the commit.
    fn slot<V>(&mut self, table: &str, key: &impl Display, change: bool) -> Result<&mut Option<V>, StoreError>
    where
        V: Serialize + DeserializeOwned + Send + 'static,
    {
        let row = row_key(table, key);
        if !self.overlay.contains(&row) {
            let stored: Option<V> = self.committed(&row)?;
            self.overlay.insert(row.clone(), stored, false);
        }
        let slot = self.overlay.get_mut(&row, change);
        slot.ok_or_else(|| StoreError::TwoTypes { table: table.to_owned(), key: key.to_string() })
    }
}
