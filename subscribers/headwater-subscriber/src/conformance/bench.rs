use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;

use super::Subject;
use crate::{Entry, Order, Snapshot, Store, StoreError, Write};

/// What a case works with: a kind of store, and a directory of its own.
pub struct Bench<'s> {
    subject: &'s dyn Subject,
    directory: TempDir,
}

/// Before and after all keys of the cases.
pub(super) const FIRST: &[u8] = &[];
pub(super) const END: &[u8] = &[0xff; 8];

impl<'s> Bench<'s> {
    pub(super) fn new(subject: &'s dyn Subject) -> Self {
        Self { subject, directory: TempDir::new().unwrap() }
    }

    /// Where the case's store is.
    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("store")
    }

    /// Opens the case's store.
    pub(super) fn store(&self) -> Arc<dyn Store> {
        self.open(&self.path()).unwrap()
    }

    pub(super) fn open(&self, directory: &Path) -> Result<Arc<dyn Store>, StoreError> {
        self.subject.open(directory)
    }
}

pub(super) fn put(key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Write {
    Write { key: key.as_ref().to_owned(), value: Some(value.as_ref().to_owned()) }
}

pub(super) fn remove(key: impl AsRef<[u8]>) -> Write {
    Write { key: key.as_ref().to_owned(), value: None }
}

/// The value at `key`, as text.
pub(super) fn get(snapshot: &Arc<dyn Snapshot>, key: impl AsRef<[u8]>) -> Option<String> {
    snapshot.get(key.as_ref()).unwrap().map(|value| String::from_utf8(value).unwrap())
}

/// Everything, from the least key to the greatest.
pub(super) fn all(snapshot: &Arc<dyn Snapshot>) -> Vec<Entry> {
    range(snapshot, FIRST, END, Order::Ascending)
}

pub(super) fn range(snapshot: &Arc<dyn Snapshot>, from: &[u8], to: &[u8], order: Order) -> Vec<Entry> {
    snapshot.range(from..to, order).map(Result::unwrap).collect()
}

/// Everything as `key=value`, separated by spaces.
pub(super) fn text(entries: &[Entry]) -> String {
    let entry =
        |(key, value): &Entry| format!("{}={}", String::from_utf8_lossy(key), String::from_utf8_lossy(value));
    entries.iter().map(entry).collect::<Vec<_>>().join(" ")
}
