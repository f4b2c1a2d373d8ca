use std::sync::Arc;

use crate::{Entries, Entry, Order, Snapshot, StoreError};

/// Keys and values of a snapshot, which are read from both ends, and each once.
pub(crate) struct Span {
    snapshot: Arc<dyn Snapshot>,
    /// What neither end has read: from the one key until before the other.
    left: (Vec<u8>, Vec<u8>),
    front: Option<Entries>,
    back: Option<Entries>,
}

impl Span {
    /// What is at or after `from`, and before `to`.
    pub(crate) fn new(snapshot: Arc<dyn Snapshot>, from: Vec<u8>, to: Vec<u8>) -> Self {
        Self { snapshot, left: (from, to), front: None, back: None }
    }
}

impl Iterator for Span {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Self { snapshot, left: (from, to), front, .. } = self;
        let front = front.get_or_insert_with(|| snapshot.range(from..to, Order::Ascending));
        let next = front.next()?;
        if let Ok((key, _)) = &next {
            if key >= to {
                return None;
            }
            *from = after(key.clone());
        }
        Some(next)
    }
}

impl DoubleEndedIterator for Span {
    fn next_back(&mut self) -> Option<Self::Item> {
        let Self { snapshot, left: (from, to), back, .. } = self;
        let back = back.get_or_insert_with(|| snapshot.range(from..to, Order::Descending));
        let next = back.next()?;
        if let Ok((key, _)) = &next {
            if key < from {
                return None;
            }
            to.clone_from(key);
        }
        Some(next)
    }
}

/// The least key that is greater.
pub(crate) fn after(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}
