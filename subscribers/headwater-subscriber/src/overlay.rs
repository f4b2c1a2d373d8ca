use std::any::Any;
use std::collections::HashMap;

use serde::Serialize;

use crate::StoreError;
use crate::store::Write;

/// What the events since the last commit have read and written. Reads go through it, so a row that a
/// thousand events change is read once, kept as its own type, and written once.
#[derive(Default)]
pub(crate) struct Overlay {
    rows: HashMap<Vec<u8>, PendingRow>,
}

impl Overlay {
    pub(crate) fn contains(&self, row: &[u8]) -> bool {
        self.rows.contains_key(row)
    }

    /// The row; `None` when it isn't here, or as another type.
    pub(crate) fn get_mut<V: 'static>(&mut self, row: &[u8], change: bool) -> Option<&mut Option<V>> {
        let pending = self.rows.get_mut(row)?;
        pending.changed |= change;
        pending.value.as_any().downcast_mut()
    }

    pub(crate) fn insert<V: Send + Serialize + 'static>(
        &mut self,
        row: Vec<u8>,
        value: Option<V>,
        changed: bool,
    ) {
        self.rows.insert(row, PendingRow { value: Box::new(value), changed });
    }

    pub(crate) fn clear(&mut self) {
        self.rows.clear();
    }

    /// Empties the overlay. A row that was only read isn't written.
    pub(crate) fn take_writes(&mut self) -> Result<Vec<Write>, StoreError> {
        let changed = self.rows.drain().filter(|(_, row)| row.changed);
        changed.map(|(key, row)| Ok(Write { key, value: row.value.encode()? })).collect()
    }
}

struct PendingRow {
    value: Box<dyn Pending>,
    changed: bool,
}

/// A row's value, if it has one, as its own type; which type is known again when it is written.
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
