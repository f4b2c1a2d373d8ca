use std::iter;
use std::ops::{Bound, Range};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use sled::Tree;

use super::history::{History, Value};
use crate::StoreError;
use crate::store::{Entries, Entry, Order, Snapshot};

/// What is in the tree, but for what was overwritten since the snapshot.
#[derive(Debug)]
pub(super) struct SledSnapshot {
    observation: Arc<Observation>,
}

/// That the snapshot is in use, by itself or by an iterator.
#[derive(Debug)]
struct Observation {
    tree: Tree,
    history: Arc<RwLock<History>>,
    snapshot: u64,
}

impl SledSnapshot {
    pub(super) fn new(tree: Tree, history: Arc<RwLock<History>>) -> Self {
        let snapshot = history.write().unwrap_or_else(PoisonError::into_inner).begin();
        Self { observation: Arc::new(Observation { tree, history, snapshot }) }
    }
}

impl Observation {
    /// No commit is under way while this is held.
    fn history(&self) -> RwLockReadGuard<'_, History> {
        self.history.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Observation {
    fn drop(&mut self) {
        self.history.write().unwrap_or_else(PoisonError::into_inner).end(self.snapshot);
    }
}

impl Snapshot for SledSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Observation { tree, snapshot, .. } = &*self.observation;
        let history = self.observation.history();
        match history.seen(*snapshot, key) {
            Some(value) => Ok(value.clone()),
            None => Ok(tree.get(key)?.map(|value| value.to_vec())),
        }
    }

    fn range(&self, range: Range<&[u8]>, order: Order) -> Entries {
        if range.is_empty() {
            return Box::new(iter::empty());
        }
        Box::new(SledRange {
            observation: Arc::clone(&self.observation),
            tree: self.observation.tree.range(range.clone()).fuse(),
            ahead: None,
            left: (Bound::Included(range.start.to_owned()), Bound::Excluded(range.end.to_owned())),
            order,
        })
    }
}

/// Merges what is in the tree with what was overwritten. sled reads leaf by leaf, so what comes from the tree
/// may be older than the last commit; what has changed since the snapshot is in the history in any case.
struct SledRange {
    observation: Arc<Observation>,
    /// Fused, because at its end sled looks again, and finds what came later.
    tree: iter::Fuse<sled::Iter>,
    /// Read from the tree, and not yet handed on.
    ahead: Option<Entry>,
    /// What is yet to be read.
    left: (Bound<Vec<u8>>, Bound<Vec<u8>>),
    order: Order,
}

impl SledRange {
    fn read_ahead(&mut self) -> Result<(), StoreError> {
        if self.ahead.is_none() {
            let read = match self.order {
                Order::Ascending => self.tree.next(),
                Order::Descending => self.tree.next_back(),
            };
            self.ahead = read.transpose()?.map(|(key, value)| (key.to_vec(), value.to_vec()));
        }
        Ok(())
    }

    fn pass(&mut self, key: Vec<u8>) {
        match self.order {
            Order::Ascending => self.left.0 = Bound::Excluded(key),
            Order::Descending => self.left.1 = Bound::Excluded(key),
        }
    }

    /// The next key, with the value that the snapshot sees there, if it sees one.
    fn advance(&mut self) -> Result<Option<(Vec<u8>, Value)>, StoreError> {
        let observation = Arc::clone(&self.observation);
        let history = observation.history();
        self.read_ahead()?;
        let left = (self.left.0.as_ref().map(Vec::as_slice), self.left.1.as_ref().map(Vec::as_slice));
        let seen = history.next_seen(observation.snapshot, left, self.order);
        let ahead = self.ahead.as_ref().map(|(key, _)| key.as_slice());
        let next = match (seen, ahead) {
            (Some((key, _)), Some(ahead)) if self.order.is_before(ahead, key) => {
                self.ahead.take().map(|(key, value)| (key, Some(value)))
            }
            (Some((key, value)), ahead) => {
                let next = (key.to_owned(), value.clone());
                if ahead == Some(key) {
                    self.ahead = None;
                }
                Some(next)
            }
            (None, _) => self.ahead.take().map(|(key, value)| (key, Some(value))),
        };
        if let Some((key, _)) = &next {
            self.pass(key.clone());
        }
        Ok(next)
    }
}

impl Iterator for SledRange {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.advance() {
                Ok(Some((key, Some(value)))) => return Some(Ok((key, value))),
                // It came after the snapshot.
                Ok(Some((_, None))) => {}
                Ok(None) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
