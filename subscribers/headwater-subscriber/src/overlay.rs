use std::any::Any;
use std::collections::HashMap;

use serde::Serialize;

use crate::index::entry_key;
use crate::store::Write;
use crate::{Indexes, StoreError};

/// What the events since the last commit have read and written. Reads go through it, so a row that a
/// thousand events change is read once, kept as its own type, and written once.
#[derive(Default)]
pub(crate) struct Overlay {
    rows: HashMap<Vec<u8>, PendingRow>,
    /// Of the changed rows of tables with indexes, by the same keys.
    indexed: HashMap<Vec<u8>, IndexedRow>,
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
        self.indexed.clear();
    }

    pub(crate) fn is_indexed(&self, row: &[u8]) -> bool {
        self.indexed.contains_key(row)
    }

    /// Says in which indexes a row is that will be written, with the value that is committed.
    pub(crate) fn index<V: 'static, I: Indexes<V>>(
        &mut self,
        row: Vec<u8>,
        table: &str,
        key: String,
        committed: Option<V>,
    ) {
        let positions: fn(&dyn Any) -> Vec<Position> = |value| {
            value.downcast_ref::<Option<V>>().and_then(Option::as_ref).map_or_else(Vec::new, I::positions)
        };
        let before = positions(&committed);
        self.indexed.insert(row, IndexedRow { table: table.to_owned(), key, before, positions });
    }

    /// Empties the overlay. A row that was only read isn't written.
    pub(crate) fn take_writes(&mut self) -> Result<Vec<Write>, StoreError> {
        let mut writes = Vec::with_capacity(self.rows.len());
        for (key, mut row) in self.rows.drain().filter(|(_, row)| row.changed) {
            if let Some(indexed) = self.indexed.remove(&key) {
                indexed.write(row.value.as_any(), &mut writes);
            }
            writes.push(Write { key, value: row.value.encode()? });
        }
        Ok(writes)
    }
}

/// The name of an index, and where a row is in it.
type Position = (&'static str, String);

/// Where a row is in the indexes of its table.
struct IndexedRow {
    table: String,
    key: String,
    /// Before the commit.
    before: Vec<Position>,
    /// Where a row with this value is.
    positions: fn(&dyn Any) -> Vec<Position>,
}

impl IndexedRow {
    /// Writes what has changed in the indexes now that the row has this value.
    fn write(self, value: &dyn Any, writes: &mut Vec<Write>) {
        let Self { table, key, before, positions } = self;
        let after = positions(value);
        let entry = |(index, position): &Position| entry_key(&table, index, position, &key);
        let gone = before.iter().filter(|position| !after.contains(position));
        writes.extend(gone.map(|position| Write { key: entry(position), value: None }));
        let new = after.iter().filter(|position| !before.contains(position));
        writes.extend(
            new.map(|position| Write { key: entry(position), value: Some(key.clone().into_bytes()) }),
        );
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
