use std::fmt::Display;
use std::marker::PhantomData;
use std::ops::{Bound, RangeBounds};
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::index::entries_between;
use crate::span::after;
use crate::state::{row_key, table_end};
use crate::table_info::KeyText;
use crate::{ApplyError, Has, Index, Indexes, OrderedKey, Row, StoreError, TableInfo, Tx, View};

/// A table of a projection: typed keys and values, and the indexes by which rows are found as well.
///
/// Keys are stored as their text form, in whose order rows are read; values as JSON. So an operator reads
/// a projection's state without its code.
#[derive(Debug)]
pub struct Table<K, V, I = ()> {
    name: &'static str,
    types: PhantomData<fn(K, I) -> V>,
}

impl<K, V, I> Table<K, V, I>
where
    K: Display + FromStr,
    V: Serialize + DeserializeOwned + Send + 'static,
    I: Indexes<V>,
{
    /// The table `name` of a projection.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
    }

    /// What the table and its indexes are called.
    #[must_use]
    pub fn info(&self) -> TableInfo {
        TableInfo { name: self.name, indexes: I::infos(), key: KeyText::of::<K>() }
    }

    /// The value at `key`, as this transaction sees it.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Store`] when the state can't be read.
    pub fn get<'t>(&self, tx: &'t mut Tx<'_>, key: &K) -> Result<Option<&'t V>, ApplyError> {
        Ok(tx.read(self.name, key)?)
    }

    /// The value at `key`, to be changed in place.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Store`] when the state can't be read.
    pub fn get_mut<'t>(&self, tx: &'t mut Tx<'_>, key: &K) -> Result<Option<&'t mut V>, ApplyError> {
        Ok(tx.change::<V, I>(self.name, key)?.as_mut())
    }

    /// Writes the value at `key`.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Store`] when the state can't be read.
    pub fn put(&self, tx: &mut Tx<'_>, key: &K, value: V) -> Result<(), ApplyError> {
        Ok(tx.write::<V, I>(self.name, key, Some(value))?)
    }

    /// Changes the value at `key`, which begins as the default.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Store`] when the state can't be read.
    pub fn update(&self, tx: &mut Tx<'_>, key: &K, change: impl FnOnce(&mut V)) -> Result<(), ApplyError>
    where
        V: Default,
    {
        change(tx.change::<V, I>(self.name, key)?.get_or_insert_default());
        Ok(())
    }

    /// Removes the row at `key`.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Store`] when the state can't be read.
    pub fn remove(&self, tx: &mut Tx<'_>, key: &K) -> Result<(), ApplyError> {
        Ok(tx.write::<V, I>(self.name, key, None)?)
    }

    /// The committed value at `key`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the state can't be read.
    pub fn find(&self, view: &View, key: &K) -> Result<Option<V>, StoreError> {
        view.get(self.name, &key.to_string())?.map(|row| row.parse()).transpose()
    }

    /// The committed rows whose keys, as text, are at or after `from`, in order.
    pub fn rows_from(
        &self,
        view: &View,
        from: &str,
    ) -> impl DoubleEndedIterator<Item = Result<(K, V), StoreError>> + use<K, V, I> {
        view.rows(self.name, from).map(|row| typed(&row?))
    }

    /// All committed rows, in the order of their keys' text.
    pub fn rows(
        &self,
        view: &View,
    ) -> impl DoubleEndedIterator<Item = Result<(K, V), StoreError>> + use<K, V, I> {
        self.rows_from(view, "")
    }

    /// The committed rows whose keys are in `range`, in order; `rev()` reads them from the last one.
    ///
    /// # Example: the last rows before a key
    ///
    /// ```
    /// # use headwater_subscriber::{Padded, StoreError, Table, View};
    /// # fn example(view: &View) -> Result<(), StoreError> {
    /// const BY_MINUTE: Table<Padded<u32>, u64> = Table::new("by-minute");
    /// for row in BY_MINUTE.range(view, ..Padded(60)).rev().take(10) {
    ///     let (Padded(minute), count) = row?;
    ///     println!("{minute}: {count}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn range<R: RangeBounds<K>>(
        &self,
        view: &View,
        range: R,
    ) -> impl DoubleEndedIterator<Item = Result<(K, V), StoreError>> + use<R, K, V, I>
    where
        K: OrderedKey,
    {
        let at = |key: &K| row_key(self.name, key);
        let from = match range.start_bound() {
            Bound::Included(key) => at(key),
            Bound::Excluded(key) => after(at(key)),
            Bound::Unbounded => row_key(self.name, &""),
        };
        let to = match range.end_bound() {
            Bound::Included(key) => after(at(key)),
            Bound::Excluded(key) => at(key),
            Bound::Unbounded => table_end(self.name),
        };
        view.rows_between(self.name, from, to).map(|row| typed(&row?))
    }

    /// The committed rows that an index has in `range`, in its order, and where that is the same in the order
    /// of their keys' text. [`Index`] has an example.
    pub fn by<X, R, const N: usize>(
        &self,
        _: X,
        view: &View,
        range: R,
    ) -> impl DoubleEndedIterator<Item = Result<(K, V), StoreError>> + use<X, R, N, K, V, I>
    where
        X: Index<V>,
        I: Has<X, N>,
        R: RangeBounds<X::Key>,
    {
        let between = entries_between(self.name, X::NAME, &range);
        view.indexed_between(self.name, X::NAME, between).map(|row| typed(&row?))
    }
}

fn typed<K: FromStr, V: DeserializeOwned>(row: &Row) -> Result<(K, V), StoreError> {
    let key =
        row.key.parse().map_err(|_| StoreError::Key { table: row.table.clone(), key: row.key.clone() })?;
    Ok((key, row.parse()?))
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use tempfile::TempDir;

    use super::*;
    use crate::overlay::Overlay;
    use crate::partition::Partition;
    use crate::state::State;
    use crate::{BuildId, Builds, Padded, StoreKind};

    const BY_MINUTE: Table<Padded<u32>, u32> = Table::new("by-minute");
    /// Before and after it, in the order of the store.
    const NEIGHBOURS: [Table<Padded<u32>, u32>; 2] = [Table::new("by-minut"), Table::new("by-minutes")];

    #[allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
    fn commit(state: &mut State, write: impl FnOnce(&mut Tx<'_>) -> Result<(), ApplyError>) {
        let mut overlay = Overlay::default();
        write(&mut Tx::new(state, &mut overlay).unwrap()).unwrap();
        state.commit(overlay.take_writes().unwrap(), &[]).unwrap();
    }

    #[allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
    fn state(kind: StoreKind, directory: &TempDir, minutes: RangeInclusive<u32>) -> State {
        let builds = Builds::new(directory.path(), "minutes");
        let mut state = State::open(&kind.into(), &builds, &BuildId::default(), Partition::WHOLE).unwrap();
        commit(&mut state, |tx| {
            NEIGHBOURS.iter().try_for_each(|table| table.put(tx, &Padded(9), 0))?;
            minutes.into_iter().try_for_each(|minute| BY_MINUTE.put(tx, &Padded(minute), minute * 2))
        });
        state
    }

    #[allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
    fn minutes(rows: impl Iterator<Item = Result<(Padded<u32>, u32), StoreError>>) -> Vec<u32> {
        rows.map(|row| {
            let (Padded(minute), value) = row.unwrap();
            assert_eq!(value, minute * 2);
            minute
        })
        .collect()
    }

    #[test]
    fn a_range_of_keys_is_read_in_their_order_and_from_its_end() {
        for kind in StoreKind::ALL {
            let directory = TempDir::new().unwrap();
            let view = state(kind, &directory, 8..=12).view();
            let range = |range| minutes(BY_MINUTE.range(&view, range));
            assert_eq!(range((Bound::Included(Padded(9)), Bound::Excluded(Padded(11)))), [9, 10]);
            assert_eq!(range((Bound::Excluded(Padded(9)), Bound::Included(Padded(11)))), [10, 11]);
            assert_eq!(range((Bound::Included(Padded(10)), Bound::Unbounded)), [10, 11, 12]);
            assert_eq!(range((Bound::Unbounded, Bound::Included(Padded(9)))), [8, 9]);
            assert_eq!(range((Bound::Included(Padded(11)), Bound::Excluded(Padded(9)))), [0; 0]);
            assert_eq!(minutes(BY_MINUTE.range(&view, ..).rev()), [12, 11, 10, 9, 8]);
            assert_eq!(minutes(BY_MINUTE.range(&view, ..Padded(11)).rev().take(2)), [10, 9]);
        }
    }

    #[test]
    fn rows_that_are_read_from_both_ends_are_read_once() {
        for kind in StoreKind::ALL {
            let directory = TempDir::new().unwrap();
            let view = state(kind, &directory, 1..=5).view();
            let mut rows = BY_MINUTE.rows(&view);
            let read = [rows.next(), rows.next_back(), rows.next_back(), rows.next(), rows.next_back()];
            assert_eq!(minutes(read.into_iter().flatten()), [1, 5, 4, 2, 3]);
            assert!(rows.next().is_none() && rows.next_back().is_none() && rows.next().is_none());
        }
    }

    #[test]
    fn a_snapshot_of_a_view_stays_while_the_view_goes_on() {
        for kind in StoreKind::ALL {
            let directory = TempDir::new().unwrap();
            let mut state = state(kind, &directory, 1..=3);
            let view = state.view();
            let snapshot = view.snapshot().unwrap();
            commit(&mut state, |tx| {
                BY_MINUTE.remove(tx, &Padded(1))?;
                BY_MINUTE.put(tx, &Padded(4), 8)
            });
            assert_eq!(minutes(BY_MINUTE.rows(&view)), [2, 3, 4]);
            assert_eq!(minutes(BY_MINUTE.rows(&snapshot)), [1, 2, 3]);
            assert_eq!(BY_MINUTE.find(&snapshot, &Padded(1)).unwrap(), Some(2));
            assert_eq!(BY_MINUTE.find(&view, &Padded(1)).unwrap(), None);
        }
    }
}
