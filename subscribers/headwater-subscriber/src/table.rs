use std::fmt::Display;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{ApplyError, Row, StoreError, Tx, View};

/// A table of a projection: typed keys and values.
///
/// Keys are stored as their text form, in whose order rows are read; values as JSON. So an operator reads
/// a projection's state without its code.
#[derive(Debug)]
pub struct Table<K, V> {
    name: &'static str,
    types: PhantomData<fn(K) -> V>,
}

impl<K, V> Table<K, V>
where
    K: Display + FromStr,
    V: Serialize + DeserializeOwned + Send + 'static,
{
    /// The table `name` of a projection.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: PhantomData }
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
        Ok(tx.change(self.name, key)?.as_mut())
    }

    /// Writes the value at `key`.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Store`] when the state can't be read.
    pub fn put(&self, tx: &mut Tx<'_>, key: &K, value: V) -> Result<(), ApplyError> {
        tx.write(self.name, key, Some(value));
        Ok(())
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
        change(tx.change(self.name, key)?.get_or_insert_default());
        Ok(())
    }

    /// Removes the row at `key`.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Store`] when the state can't be read.
    pub fn remove(&self, tx: &mut Tx<'_>, key: &K) -> Result<(), ApplyError> {
        tx.write::<V>(self.name, key, None);
        Ok(())
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
    ) -> impl Iterator<Item = Result<(K, V), StoreError>> + use<K, V> {
        view.rows(self.name, from).map(|row| typed(&row?))
    }

    /// All committed rows, in the order of their keys' text.
    pub fn rows(&self, view: &View) -> impl Iterator<Item = Result<(K, V), StoreError>> + use<K, V> {
        self.rows_from(view, "")
    }
}

fn typed<K: FromStr, V: DeserializeOwned>(row: &Row) -> Result<(K, V), StoreError> {
    let key =
        row.key.parse().map_err(|_| StoreError::Key { table: row.table.clone(), key: row.key.clone() })?;
    Ok((key, row.parse()?))
}
