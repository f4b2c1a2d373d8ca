use std::fmt::Display;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::overlay::Overlay;
use crate::state::{parse, row_key};
use crate::{Snapshot, State, StoreError};

/// What a projection may do while it applies an event: read and write its own tables.
pub struct Tx<'a> {
    /// What was committed before.
    committed: Arc<dyn Snapshot>,
    overlay: &'a mut Overlay,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(state: &State, overlay: &'a mut Overlay) -> Result<Self, StoreError> {
        Ok(Self { committed: state.snapshot()?, overlay })
    }

    /// The row, to be read.
    pub(crate) fn read<V>(&mut self, table: &str, key: &impl Display) -> Result<Option<&V>, StoreError>
    where
        V: Serialize + DeserializeOwned + Send + 'static,
    {
        Ok(self.slot(table, key, false)?.as_ref())
    }

    /// The row, to be changed: it will be written.
    pub(crate) fn change<V>(&mut self, table: &str, key: &impl Display) -> Result<&mut Option<V>, StoreError>
    where
        V: Serialize + DeserializeOwned + Send + 'static,
    {
        self.slot(table, key, true)
    }

    pub(crate) fn write<V>(&mut self, table: &str, key: &impl Display, value: Option<V>)
    where
        V: Serialize + Send + 'static,
    {
        self.overlay.insert(row_key(table, key), value, true);
    }

    /// Where the row is kept until the commit.
    fn slot<V>(&mut self, table: &str, key: &impl Display, change: bool) -> Result<&mut Option<V>, StoreError>
    where
        V: Serialize + DeserializeOwned + Send + 'static,
    {
        let row = row_key(table, key);
        if !self.overlay.contains(&row) {
            let stored = self.committed.get(&row)?;
            let stored: Option<V> =
                stored.map(|bytes| parse(&String::from_utf8_lossy(&row), &bytes)).transpose()?;
            self.overlay.insert(row.clone(), stored, false);
        }
        let slot = self.overlay.get_mut(&row, change);
        slot.ok_or_else(|| StoreError::TwoTypes { table: table.to_owned(), key: key.to_string() })
    }
}
