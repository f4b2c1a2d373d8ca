use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::Write as _;
use std::sync::Arc;

use headwater_event::Domain;
use headwater_log::{Checkpoint, Lease};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::flusher::Flusher;
use crate::partition::Partition;
use crate::store::Write;
use crate::{BuildId, Builds, Order, Snapshot, Store, StoreError, Stores};

/// The state of one build of a projection, and up to where it has read: in one store, so that they commit together.
///
/// A row of a table is at the table's name, a zero byte, and the key's text. No table has the empty name: there are
/// the checkpoint of each stream and the name of what has built the state. In a partition, these end with its number, so that
/// partitions have no key in common.
#[derive(Debug)]
pub(crate) struct State {
    // It ends before the store is let go of.
    flusher: Flusher,
    store: Arc<dyn Store>,
    partition: Partition,
    /// By which the partition is this instance's alone, if instances share partitions. It is given back when this is dropped, after the last
    /// write.
    lease: Option<Lease>,
}

/// What begins the key of a checkpoint; the domain follows, and a partition's number. Not a table's row: tables have names.
pub(crate) const CHECKPOINT: &[u8] = b"\0checkpoint\0";
/// After all checkpoints.
pub(crate) const CHECKPOINTS_END: &[u8] = b"\0checkpoint\x01";
/// What begins the key of what has built the state; a partition's number follows.
const BUILDER: &[u8] = b"\0builder";
const BUILDERS_END: &[u8] = b"\0builder\x01";

/// What has built the state.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Builder {
    pub(crate) name: String,
    pub(crate) build: BuildId,
    /// Into how many partitions the state is divided.
    #[serde(default = "whole", skip_serializing_if = "is_whole")]
    pub(crate) partitions: u32,
    /// The epoch of the last lease under which it was written, if instances share partitions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) epoch: Option<u64>,
}

fn whole() -> u32 {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_whole(partitions: &u32) -> bool {
    *partitions == whole()
}

impl Builder {
    /// Who builds a partition.
    pub(crate) fn new(name: &str, build: &BuildId, partition: Partition, epoch: Option<u64>) -> Self {
        let partitions = partition.partitioning().count();
        Self { name: name.to_owned(), build: build.clone(), partitions, epoch }
    }

    /// Whether it has built the same.
    pub(crate) fn is_of(&self, name: &str, build: &BuildId) -> bool {
        self.name == name && self.build == *build
    }
}

impl State {
    /// Opens a partition of the state of a build, and creates it if it isn't there.
    ///
    /// # Errors
    ///
    /// As [`StoreKind::open`](crate::StoreKind::open), and [`StoreError::OtherBuilder`] when another projection, build or partition is there.
    pub(crate) fn open(
        stores: &Stores,
        builds: &Builds,
        build: &BuildId,
        partition: Partition,
    ) -> Result<Self, StoreError> {
        Self::open_leased(stores, builds, build, partition, None)
    }

    /// The same for a partition that is this instance's by a lease.
    ///
    /// # Errors
    ///
    /// Also [`StoreError::Fenced`] when the state was written under a later lease.
    pub(crate) fn open_leased(
        stores: &Stores,
        builds: &Builds,
        build: &BuildId,
        partition: Partition,
        lease: Option<Lease>,
    ) -> Result<Self, StoreError> {
        builds.check()?;
        let _wish = builds.want(build)?;
        let store = stores.open(builds, build, partition)?;
        let key = builder_key(partition);
        let epoch = lease.as_ref().map(Lease::epoch);
        let mut wanted = Builder::new(builds.name(), build, partition, epoch);
        let found = builders(store.snapshot()?.as_ref())?.pop();
        if let Some((found_at, found)) = &found {
            if *found_at != key || !found.is_of(builds.name(), build) {
                return Err(StoreError::OtherBuilder {
                    place: stores.place(builds, build),
                    found: describe(found_at, found),
                    wanted: describe(&key, &wanted),
                });
            }
            if let (Some(own), Some(found)) = (epoch, found.epoch)
                && found > own
            {
                return Err(StoreError::Fenced { partition: partition.index(), found, own });
            }
            wanted.epoch = epoch.or(found.epoch);
        }
        if found.is_none_or(|(_, found)| found != wanted) {
            let builder = serde_json::to_vec(&wanted).map_err(|source| StoreError::Encode { source })?;
            store.commit(vec![Write { key, value: Some(builder) }])?;
            // Who reads all partitions counts those that are there by it.
            store.flush()?;
        }
        Ok(Self { flusher: Flusher::new(Arc::clone(&store)), store, partition, lease })
    }

    pub(crate) fn partition(&self) -> Partition {
        self.partition
    }

    /// Up to where this partition has read its streams.
    pub(crate) fn checkpoints(&self) -> Result<BTreeMap<Domain, Checkpoint>, StoreError> {
        checkpoints(self.snapshot()?.as_ref())
    }

    #[cfg(test)]
    pub(crate) fn view(&self) -> crate::View {
        crate::View::new(crate::front::Shown::new(self.store().into()))
    }

    pub(crate) fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store)
    }

    pub(crate) fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        self.store.snapshot()
    }

    /// Commits what events have written, and the positions after them, at once.
    pub(crate) fn commit(
        &mut self,
        mut writes: Vec<Write>,
        checkpoints: &[(Domain, Checkpoint)],
    ) -> Result<(), StoreError> {
        self.check_lease()?;
        let rows = writes.len();
        for (domain, checkpoint) in checkpoints {
            let value = serde_json::to_vec(checkpoint).map_err(|source| StoreError::Encode { source })?;
            writes.push(Write { key: checkpoint_key(domain, self.partition), value: Some(value) });
        }
        self.store.commit(writes)?;
        self.flusher.committed(rows)
    }

    /// Whether nobody else can have the partition.
    pub(crate) fn check_lease(&self) -> Result<(), StoreError> {
        match &self.lease {
            Some(lease) if !lease.is_held() => {
                Err(StoreError::LeaseLost { partition: self.partition.index() })
            }
            _ => Ok(()),
        }
    }

    /// Makes all commits durable.
    pub(crate) fn flush(&mut self) -> Result<(), StoreError> {
        self.flusher.flush()
    }
}

/// Up to where the state has read its streams, by domain: of what is divided, up to where all partitions have that are here, which is the low
/// watermark. A stream of which one has read nothing isn't there.
pub(crate) fn checkpoints(snapshot: &dyn Snapshot) -> Result<BTreeMap<Domain, Checkpoint>, StoreError> {
    let mut partitions: BTreeMap<Domain, Vec<Checkpoint>> = BTreeMap::new();
    for (domain, _, checkpoint) in partition_checkpoints(snapshot)? {
        partitions.entry(domain).or_default().push(checkpoint);
    }
    let count = builders(snapshot)?.len();
    let lowest = |(domain, partitions): (Domain, Vec<Checkpoint>)| {
        let place = |at: &Checkpoint| (at.created, at.sequence);
        let is_everywhere = partitions.len() >= count;
        Some((domain, partitions.into_iter().min_by_key(place).filter(|_| is_everywhere)?))
    };
    Ok(partitions.into_iter().filter_map(lowest).collect())
}

/// The checkpoints of all partitions that are here: of which domain, of which partition, if it is one, and up to where.
pub(crate) fn partition_checkpoints(
    snapshot: &dyn Snapshot,
) -> Result<Vec<(Domain, Option<u32>, Checkpoint)>, StoreError> {
    let entries = snapshot.range(CHECKPOINT..CHECKPOINTS_END, Order::Ascending);
    entries
        .map(|entry| {
            let (key, value) = entry?;
            let text = String::from_utf8_lossy(key.get(CHECKPOINT.len()..).unwrap_or_default());
            let unknown =
                || StoreError::Key { table: "of checkpoints".to_owned(), key: text.replace('\0', " ") };
            let (domain, partition) = match text.split_once('\0') {
                Some((domain, number)) => (domain, Some(number.parse().map_err(|_| unknown())?)),
                None => (&*text, None),
            };
            let domain = domain.parse().map_err(|_| unknown())?;
            Ok((domain, partition, parse("the checkpoint", &value)?))
        })
        .collect()
}

/// Who has built the partitions that are here, by their keys.
pub(crate) fn builders(snapshot: &dyn Snapshot) -> Result<Vec<(Vec<u8>, Builder)>, StoreError> {
    let entries = snapshot.range(BUILDER..BUILDERS_END, Order::Ascending);
    entries
        .map(|entry| entry.and_then(|(key, value)| Ok((key, parse("the store's builder", &value)?))))
        .collect()
}

/// Who that is, for people.
pub(crate) fn describe(key: &[u8], builder: &Builder) -> String {
    let number = key.get(BUILDER.len() + 1..).map(String::from_utf8_lossy);
    let partition = number.map(|number| format!(", partition {number}")).unwrap_or_default();
    format!("{} build {}{partition}", builder.name, builder.build)
}

pub(crate) fn builder_key(partition: Partition) -> Vec<u8> {
    in_partition(BUILDER.to_owned(), partition)
}

/// The partition whose builder is at this key.
pub(crate) fn partition_number(builder_key: &[u8]) -> Option<u32> {
    std::str::from_utf8(builder_key.get(BUILDER.len() + 1..)?).ok()?.parse().ok()
}

fn checkpoint_key(domain: &Domain, partition: Partition) -> Vec<u8> {
    in_partition([CHECKPOINT, domain.as_str().as_bytes()].concat(), partition)
}

fn in_partition(mut key: Vec<u8>, partition: Partition) -> Vec<u8> {
    if let Some(number) = partition.number() {
        key.push(0);
        key.extend_from_slice(number.to_string().as_bytes());
    }
    key
}

pub(crate) fn row_key(table: &str, key: &impl Display) -> Vec<u8> {
    let mut row = Vec::with_capacity(64);
    row.extend_from_slice(table.as_bytes());
    row.push(0);
    // Writing to a vector can't fail.
    let _ = write!(row, "{key}");
    row
}

/// After all rows of the table.
pub(crate) fn table_end(table: &str) -> Vec<u8> {
    [table.as_bytes(), &[1]].concat()
}

pub(crate) fn parse<V: DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<V, StoreError> {
    serde_json::from_slice(bytes)
        .map_err(|source| StoreError::Decode { what: what.replace('\0', " "), source })
}
