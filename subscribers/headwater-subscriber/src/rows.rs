use std::sync::Arc;

use crate::{Entries, Order, Row, Snapshot, StoreError};

/// Rows of one table, which are read from both ends, and each once.
pub(crate) struct Rows {
    snapshot: Arc<dyn Snapshot>,
    table: String,
    /// What neither end has read: from the one key until before the other.
    left: (Vec<u8>, Vec<u8>),
    front: Option<Entries>,
    back: Option<Entries>,
}

impl Rows {
    /// The rows whose keys in the store are at or after `from`, and before `to`.
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>, table: &str, from: Vec<u8>, to: Vec<u8>) -> Self {
        Self { snapshot, table: table.to_owned(), left: (from, to), front: None, back: None }
    }

    fn row(&self, key: &[u8], value: &[u8]) -> Result<Row, StoreError> {
        // Before it are the table's name and a zero byte.
        let key = key.get(self.table.len() + 1..).unwrap_or_default();
        Row::new(&self.table, &String::from_utf8_lossy(key), value)
    }
}

impl Iterator for Rows {
    type Item = Result<Row, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self { snapshot, left: (from, to), front, .. } = self;
        let front = front.get_or_insert_with(|| snapshot.range(from..to, Order::Ascending));
        match front.next()? {
            Ok((key, value)) if key < *to => {
                let row = self.row(&key, &value);
                self.left.0 = after(key);
                Some(row)
            }
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl DoubleEndedIterator for Rows {
    fn next_back(&mut self) -> Option<Self::Item> {
        let Self { snapshot, left: (from, to), back, .. } = self;
        let back = back.get_or_insert_with(|| snapshot.range(from..to, Order::Descending));
        match back.next()? {
            Ok((key, value)) if key >= *from => {
                let row = self.row(&key, &value);
                self.left.1 = key;
                Some(row)
            }
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// The least key that is greater.
pub(crate) fn after(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}
