use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use headwater_event::Domain;
use headwater_log::Checkpoint;

use crate::front::Shown;
#[cfg(feature = "testkit")]
use crate::index::INDEX;
use crate::span::Span;
use crate::state::{
    Builder, builders, checkpoints, partition_checkpoints, partition_number, row_key, table_end,
};
use crate::{BuildId, Builds, Entry, Order, Positions, Row, Snapshot, StoreError, StoreKind};

/// The committed state of a projection, for queries. Cloning is cheap.
///
/// Whatever is read from it is of the last commit of that moment; rows that are read by one call are of one
/// commit. What is read from a [`snapshot`](Self::snapshot) is of one commit altogether.
///
/// While a new build of the projection catches up, it is the state of the build before; and from one call to the next
/// it is the new one's.
#[derive(Debug, Clone)]
pub struct View {
    shown: Shown,
    /// All that is to be seen; else the last commit.
    snapshot: Option<Arc<dyn Snapshot>>,
}

/// After all tables: no text has this byte.
pub(crate) const END: &[u8] = &[0xff];

impl View {
    pub(crate) fn new(shown: Shown) -> Self {
        Self { shown, snapshot: None }
    }

    /// Opens the live state of the projection `name` below `data` for reading, whichever code has built it, in whichever
    /// store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] when there is none, [`StoreError::InUse`] when the projection is running.
    pub fn open(data: &Path, name: &str) -> Result<Self, StoreError> {
        let builds = Builds::new(data, name);
        let missing = || StoreError::Missing { directory: data.join(name) };
        let live = builds.register()?.live.ok_or_else(missing)?;
        Self::open_build(&builds, &live)
    }

    /// Opens the state of a build for reading.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_build(builds: &Builds, build: &BuildId) -> Result<Self, StoreError> {
        Ok(Self::new(Shown::new(StoreKind::open_existing(&builds.directory(build))?)))
    }

    /// The state as it is now, which stays as it is while the projection goes on. It holds up no commit, but
    /// keeps what later ones overwrite, so it shouldn't be kept for long.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn snapshot(&self) -> Result<Self, StoreError> {
        Ok(Self { shown: self.shown.clone(), snapshot: Some(self.now()?) })
    }

    /// Which build's state this is; nothing when none has written to it.
    pub(crate) fn builder(&self) -> Result<String, StoreError> {
        let builder = builders(self.now()?.as_ref())?.pop();
        Ok(builder.map(|(_, builder)| builder.build.to_string()).unwrap_or_default())
    }

    /// Of a divided state, which partitions are here, and of how many: `0,3,5/6`, or `none`.
    pub(crate) fn partitions(&self) -> Result<Option<String>, StoreError> {
        let builders = builders(self.now()?.as_ref())?;
        let Some((_, Builder { partitions, .. })) = builders.first() else {
            return Ok(Some("none".to_owned()));
        };
        let mut numbers: Vec<u32> = builders.iter().filter_map(|(key, _)| partition_number(key)).collect();
        numbers.sort_unstable();
        let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
        Ok((*partitions > 1).then(|| format!("{}/{partitions}", numbers.join(","))))
    }

    /// Whether all partitions are here.
    pub(crate) fn is_whole(&self) -> Result<bool, StoreError> {
        let builders = builders(self.now()?.as_ref())?;
        let partitions = builders.first().map_or(u32::MAX, |(_, builder)| builder.partitions);
        Ok(u32::try_from(builders.len()) == Ok(partitions))
    }

    /// Up to where the projection has read its streams; of a divided one, up to where all partitions have that are here.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn positions(&self) -> Result<Positions, StoreError> {
        let at = |(domain, checkpoint): (Domain, Checkpoint)| (domain, checkpoint.sequence);
        Ok(self.checkpoints()?.into_iter().map(at).collect())
    }

    /// Of each partition that is here: of which domain, of which partition, if it is one, and up to where it has read.
    pub(crate) fn partition_checkpoints(&self) -> Result<Vec<(Domain, Option<u32>, Checkpoint)>, StoreError> {
        partition_checkpoints(self.now()?.as_ref())
    }

    /// The same as [`positions`](Self::positions), with what tells whether these are still the same streams.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it can't be read.
    pub fn checkpoints(&self) -> Result<BTreeMap<Domain, Checkpoint>, StoreError> {
        checkpoints(self.now()?.as_ref())
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
        self.index_entries_between(table, index, (from, to)).map(|entry| Ok(entry?.1))
    }

    /// The same rows, each with the key of the entry that leads to it.
    pub(crate) fn index_entries_between(
        &self,
        table: &'static str,
        index: &'static str,
        (from, to): (Vec<u8>, Vec<u8>),
    ) -> impl DoubleEndedIterator<Item = Result<(Vec<u8>, Row), StoreError>> + use<> {
        self.entries(from, to, move |snapshot, (entry, key)| {
            let key = String::from_utf8_lossy(&key);
            match snapshot.get(&row_key(table, &key))? {
                Some(value) => Ok((entry, Row::new(table, &key, &value)?)),
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
    fn entries<T, F>(
        &self,
        from: Vec<u8>,
        to: Vec<u8>,
        read: F,
    ) -> impl DoubleEndedIterator<Item = Result<T, StoreError>> + use<T, F>
    where
        F: Fn(&Arc<dyn Snapshot>, Entry) -> Result<T, StoreError>,
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
            None => self.shown.parts().snapshot(),
        }
    }
}
