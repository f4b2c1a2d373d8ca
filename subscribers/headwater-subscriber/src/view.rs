use std::path::Path;
use std::sync::Arc;

use headwater_log::Checkpoint;

#[cfg(feature = "testkit")]
use crate::index::INDEX;
use crate::span::Span;
use crate::state::{CHECKPOINT, parse, row_key, table_end};
use crate::{Entry, Order, Row, Snapshot, Store, StoreError, StoreKind};

/// The committed state of a projection, for queries. Cloning is cheap.
///
/// Whatever is read from it is of the last commit of that moment; rows that are read by one call are of one
/// commit. What is read from a [`snapshot`](Self::snapshot) is of one commit altogether.
#[derive(Debug, Clone)]
pub struct View {
    store: Arc<dyn Store>,
    /// All that is to be seen; else the last commit.
    snapshot: Option<Arc<dyn Snapshot>>,
}

/// After all tables: no text has this byte.
const END: &[u8] = &[0xff];

impl View {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, snapshot: None }
    }

    /// Opens the state in `directory` for reading, whichever projection has built it, in whichever store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when there is none, [`StoreError::InUse`] when the projection is running.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        Ok(Self::new(StoreKind::open_existing(directory)?))
    }

    /// The state as it is now, which stays as it is while the projection goes on. It holds up no commit, but
    /// keeps what later ones overwrite, so it shouldn't be kept for long.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn snapshot(&self) -> Result<Self, StoreError> {
        Ok(Self { store: Arc::clone(&self.store), snapshot: Some(self.now()?) })
    }

    /// Up to where the projection has read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        self.now()?.get(CHECKPOINT)?.map(|bytes| parse("the checkpoint", &bytes)).transpose()
    }

    /// The names of the tables that hold rows.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when they can't be read.
    pub fn tables(&self) -> Result<Vec<String>, StoreError> {
        let snapshot = self.now()?;
        let mut tables = Vec::new();
        let mut from = vec![1];
        while let Some((key, _)) = snapshot.range(&from..END, Order::Ascending).next().transpose()? {
            let table = key.split(|&byte| byte == 0).next().unwrap_or_default();
            tables.push(String::from_utf8_lossy(table).into_owned());
            // The next table's first key is after all of this one's.
            from = [table, &[1]].concat();
        }
        Ok(tables)
    }

    /// The row of `table` at `key`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn get(&self, table: &str, key: &str) -> Result<Option<Row>, StoreError> {
        let value = self.now()?.get(&row_key(table, &key))?;
        value.map(|value| Row::new(table, key, &value)).transpose()
    }

    /// The rows of `table` at and after the key `from`, in the order of their keys' text.
    pub fn rows(
        &self,
        table: &str,
        from: &str,
    ) -> impl DoubleEndedIterator<Item = Result<Row, StoreError>> + use<> {
        self.rows_between(table, row_key(table, &from), table_end(table))
    }

    /// The rows whose keys in the store are at or after `from`, and before `to`.
    pub(crate) fn rows_between(
        &self,
        table: &str,
        from: Vec<u8>,
        to: Vec<u8>,
    ) -> impl DoubleEndedIterator<Item = Result<Row, StoreError>> + use<> {
        let table = table.to_owned();
        self.entries(from, to, move |_, (key, value)| {
            // Before it are the table's name and a zero byte.
            let key = key.get(table.len() + 1..).unwrap_or_default();
            Row::new(&table, &String::from_utf8_lossy(key), &value)
        })
    }

    /// The rows to which the entries of an index lead that are at or after `from`, and before `to`.
    pub(crate) fn indexed_between(
        &self,
        table: &'static str,
        index: &'static str,
        (from, to): (Vec<u8>, Vec<u8>),
    ) -> impl DoubleEndedIterator<Item = Result<Row, StoreError>> + use<> {
        self.entries(from, to, move |snapshot, (_, key)| {
            let key = String::from_utf8_lossy(&key);
            match snapshot.get(&row_key(table, &key))? {
                Some(value) => Row::new(table, &key, &value),
                None => Err(StoreError::Index { table, index, key: key.into_owned() }),
            }
        })
    }

    /// All entries of all indexes.
    #[cfg(feature = "testkit")]
    pub(crate) fn index_entries(&self) -> Result<Vec<Entry>, StoreError> {
        Span::new(self.now()?, INDEX.to_vec(), b"\0index\x01".to_vec()).collect()
    }

    /// What is read of all that is at or after `from`, and before `to`; of one commit.
    fn entries<F>(
        &self,
        from: Vec<u8>,
        to: Vec<u8>,
        read: F,
    ) -> impl DoubleEndedIterator<Item = Result<Row, StoreError>> + use<F>
    where
        F: Fn(&Arc<dyn Snapshot>, Entry) -> Result<Row, StoreError>,
    {
        let (rows, error) = match self.now() {
            Ok(snapshot) => {
                let span = Span::new(Arc::clone(&snapshot), from, to);
                (Some(span.map(move |entry| read(&snapshot, entry?))), None)
            }
            Err(error) => (None, Some(Err(error))),
        };
        rows.into_iter().flatten().chain(error)
    }

    fn now(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        match &self.snapshot {
            Some(snapshot) => Ok(Arc::clone(snapshot)),
            None => self.store.snapshot(),
        }
    }
}
