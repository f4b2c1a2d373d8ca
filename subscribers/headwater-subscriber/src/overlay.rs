use std::any::Any;
use std::collections::HashMap;
use std::fmt::{Display, Write as _};

use sled::Batch;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::store::row_key;
use crate::{Store, StoreError};

/// What the events since the last commit have written. Reads go through it, so a row that a thousand
/// events change is read once, kept as its own type, and written once.
#[derive(Default)]
pub(crate) struct Overlay {
    rows: HashMap<Vec<u8>, Box<dyn Pending>>,
}

impl Overlay {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
    }

    pub(crate) fn drain_into(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        for (key, row) in self.rows.drain() {
            match row.encode()? {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        Ok(())
    }
}

/// A row as its own type, known again when it is written.
trait Pending: Send {
    fn encode(&self) -> Result<Option<Vec<u8>>, StoreError>;
    fn as_any(&mut self) -> &mut dyn Any;
}

impl<V: Serialize + Send + 'static> Pending for Option<V> {
    fn encode(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let encode = |value| serde_json::to_vec(value).map_err(|source| StoreError::Encode { source });
        self.as_ref().map(encode).transpose()
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// What a projection may do while it applies an event: read and write its own tables.
pub struct Tx<'a> {
    store: &'a Store,
    overlay: &'a mut Overlay,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(store: &'a Store, overlay: &'a mut Overlay) -> Self {
        Self { store, overlay }
    }

    /// Where the row is kept until the commit.
    pub(crate) fn slot<V>(&mut self, table: &str, key: &impl Display) -> Result<&mut Option<V>, StoreError>
    where
        V: Serialize + DeserializeOwned + Send + 'static,
    {
        let row = row_key(table, key);
        if !self.overlay.rows.contains_key(&row) {
            let stored: Option<V> = self.store.get(&row)?;
            self.overlay.rows.insert(row.clone(), Box::new(stored));
        }
        let slot = self.overlay.rows.get_mut(&row).and_then(|pending| pending.as_any().downcast_mut());
        slot.ok_or_else(|| {
            let mut key_text = String::new();
            // Writing to a string can't fail.
            let _ = write!(key_text, "{key}");
            StoreError::TwoTypes { table: table.to_owned(), key: key_text }
        })
    }

    pub(crate) fn write<V>(&mut self, table: &str, key: &impl Display, value: Option<V>)
    where
        V: Serialize + Send + 'static,
    {
        self.overlay.rows.insert(row_key(table, key), Box::new(value));
    }
}
