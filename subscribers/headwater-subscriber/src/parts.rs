//! The stores of a projection's partitions, read as one.

use std::collections::BTreeMap;
use std::iter;
use std::ops::Range;
use std::sync::Arc;

use crate::{Entries, Entry, Order, Snapshot, Store, StoreError};

/// The stores of the partitions that are here, by their numbers; one store, when the state isn't divided.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts(BTreeMap<u32, Arc<dyn Store>>);

impl Parts {
    pub(crate) fn insert(&mut self, number: u32, store: Arc<dyn Store>) {
        self.0.insert(number, store);
    }

    pub(crate) fn remove(&mut self, number: u32) {
        self.0.remove(&number);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &Arc<dyn Store>)> {
        self.0.iter().map(|(&number, store)| (number, store))
    }

    /// Those of these numbers.
    pub(crate) fn of(mut self, is_wanted: impl Fn(u32) -> bool) -> Self {
        self.0.retain(|&number, _| is_wanted(number));
        self
    }

    /// The state of each partition as it is now.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when one can't be read.
    pub(crate) fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        let mut parts = self.0.values().map(|store| store.snapshot()).collect::<Result<Vec<_>, _>>()?;
        match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => Ok(Arc::new(Merged(parts))),
        }
    }
}

/// A state that isn't divided.
impl From<Arc<dyn Store>> for Parts {
    fn from(store: Arc<dyn Store>) -> Self {
        Self(BTreeMap::from([(0, store)]))
    }
}

/// States that have no key in common, as one.
#[derive(Debug)]
struct Merged(Vec<Arc<dyn Snapshot>>);

impl Snapshot for Merged {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut found = None;
        for part in &self.0 {
            if let Some(value) = part.get(key)?
                && found.replace(value).is_some()
            {
                return Err(twice(key));
            }
        }
        Ok(found)
    }

    fn range(&self, range: Range<&[u8]>, order: Order) -> Entries {
        let mut parts: Vec<_> =
            self.0.iter().map(|part| part.range(range.clone(), order).peekable()).collect();
        let mut last: Option<Vec<u8>> = None;
        Box::new(iter::from_fn(move || {
            let mut first: Option<(usize, &[u8])> = None;
            for (index, part) in parts.iter_mut().enumerate() {
                match part.peek() {
                    // An error comes before everything else.
                    Some(Err(_)) => return parts[index].next(),
                    Some(Ok((key, _))) if first.is_none_or(|(_, first)| order.is_before(key, first)) => {
                        first = Some((index, key));
                    }
                    _ => {}
                }
            }
            let (index, _) = first?;
            let entry: Entry = match parts[index].next()? {
                Ok(entry) => entry,
                error => return Some(error),
            };
            if last.as_ref() == Some(&entry.0) {
                return Some(Err(twice(&entry.0)));
            }
            last = Some(entry.0.clone());
            Some(Ok(entry))
        }))
    }
}

/// Two partitions have written a row, so it depends on which was asked.
fn twice(key: &[u8]) -> StoreError {
    let text = String::from_utf8_lossy(key);
    let (table, key) = text.split_once('\0').unwrap_or(("", &text));
    StoreError::TwoPartitions { table: table.to_owned(), key: key.replace('\0', " ") }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::{StoreKind, Write};

    /// Parts with these keys. A value is the number of its part.
    fn parts(keys: &[&[&str]]) -> (Parts, Vec<TempDir>) {
        let mut parts = Parts::default();
        let mut directories = Vec::new();
        for (number, keys) in (0..).zip(keys) {
            let directory = TempDir::new().unwrap();
            let store = StoreKind::Sled.open(&directory.path().join("store")).unwrap();
            let write = |key: &&str| Write {
                key: key.as_bytes().to_owned(),
                value: Some(number.to_string().into_bytes()),
            };
            store.commit(keys.iter().map(write).collect()).unwrap();
            parts.insert(number, store);
            directories.push(directory);
        }
        (parts, directories)
    }

    fn keys(parts: &Parts, range: Range<&str>, order: Order) -> Result<Vec<String>, StoreError> {
        let range = range.start.as_bytes()..range.end.as_bytes();
        let text = |entry: Result<Entry, StoreError>| {
            entry.map(|(key, value)| String::from_utf8([key, value].concat()).unwrap())
        };
        parts.snapshot()?.range(range, order).map(text).collect()
    }

    #[test]
    fn are_read_in_the_order_of_their_keys() {
        let (parts, _directories) = parts(&[&["a", "d", "e"], &[], &["b", "f"], &["c"]]);
        assert_eq!(keys(&parts, "a".."z", Order::Ascending).unwrap(), ["a0", "b2", "c3", "d0", "e0", "f2"]);
        assert_eq!(keys(&parts, "b".."e", Order::Descending).unwrap(), ["d0", "c3", "b2"]);
        let snapshot = parts.snapshot().unwrap();
        assert_eq!(snapshot.get(b"b").unwrap(), Some(b"2".to_vec()));
        assert_eq!(snapshot.get(b"x").unwrap(), None);
    }

    #[test]
    fn a_row_in_two_of_them_is_an_error_and_not_one_of_the_two() {
        let (parts, _directories) = parts(&[&["stock\0a", "stock\0b"], &["stock\0b", "stock\0c"]]);
        for order in [Order::Ascending, Order::Descending] {
            let error = keys(&parts, "a".."z", order).unwrap_err();
            assert!(
                matches!(&error, StoreError::TwoPartitions { table, key } if table == "stock" && key == "b")
            );
        }
        assert!(parts.snapshot().unwrap().get(b"stock\0b").is_err());
        assert_eq!(parts.snapshot().unwrap().get(b"stock\0c").unwrap(), Some(b"1".to_vec()));
    }
}
