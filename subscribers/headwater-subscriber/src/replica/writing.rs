use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use headwater_log::Object;
use headwater_log::service::report;
use jiff::Timestamp;
use tokio::fs::File;
use tokio::sync::watch;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::archive_writer::ArchiveWriter;
use super::spool::Spool;
use super::{ReplicaError, ReplicaSchedule, ReplicaStamp, Replicas};
use crate::front::Front;
use crate::partition::Partition;
use crate::state::checkpoints;
use crate::view::END;
use crate::{BuildId, BuildStatus, Builds, Order, Partitioning, Snapshot, Standing, Store};

/// Snapshots that are taken on a schedule. Dropping it ends that soon; closing it waits for the end.
#[derive(Debug)]
pub struct ReplicaWriting {
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl ReplicaWriting {
    pub(super) fn start(writer: Writer) -> Self {
        let stop = CancellationToken::new();
        let task = tokio::spawn(writer.run(stop.clone()));
        Self { stop: stop.drop_guard(), task }
    }

    /// Ends it at once, also in the middle of a snapshot, and waits until the state is let go of.
    pub async fn close(self) {
        drop(self.stop);
        // A panic in it was reported, and is its own.
        let _ = self.task.await;
    }
}

/// What snapshots are made of: the state of a build, by its partitions, and how it stands.
pub(crate) struct ReplicaSource {
    pub(crate) front: Arc<Front>,
    pub(crate) partitions: Partitioning,
    pub(crate) status: watch::Receiver<BuildStatus>,
}

/// Takes snapshots of one build on a schedule, of each of its partitions that are here.
pub(super) struct Writer {
    keeper: Keeper,
    source: ReplicaSource,
    schedule: ReplicaSchedule,
}

/// Keeps snapshots of one build.
pub(crate) struct Keeper {
    replicas: Replicas,
    projection: &'static str,
    build: BuildId,
}

/// A partition's state, and what its snapshot is called; the whole, when it isn't divided.
struct Part {
    store: Arc<dyn Store>,
    directory: PathBuf,
    name: String,
}

/// How long to wait after a failure, if snapshots are rarer than that.
const RETRY_AFTER: Duration = Duration::from_secs(60);

impl Writer {
    pub(super) fn new(
        replicas: Replicas,
        projection: &'static str,
        source: ReplicaSource,
        schedule: ReplicaSchedule,
    ) -> Self {
        let build = source.status.borrow().build.clone();
        Self { keeper: Keeper::new(replicas, projection, build), source, schedule }
    }

    async fn run(self, stop: CancellationToken) {
        let mut pause = self.schedule.every;
        while stop.run_until_cancelled(sleep(pause)).await.is_some() {
            pause = self.schedule.every;
            if let Err(error) = self.write_all(&stop).await {
                tracing::warn!(
                    name = self.keeper.name(),
                    error = report(&error),
                    "no snapshot is kept; trying again later"
                );
                pause = pause.min(RETRY_AFTER);
            }
        }
    }

    /// Keeps snapshots of what is new, and removes what is too old. It isn't dropped in the middle, but told to stop, so that
    /// the state is let go of when it has returned.
    async fn write_all(&self, stop: &CancellationToken) -> Result<(), ReplicaError> {
        if self.source.status.borrow().standing != Standing::Live {
            return Ok(());
        }
        let listed = self.keeper.list(stop).await;
        let Some(objects) = listed? else { return Ok(()) };
        let parts = self.source.front.parts();
        for (number, store) in parts.iter() {
            let Some(partition) = self.source.partitions.partition(number) else { continue };
            self.keeper.write(&self.keeper.part(partition, Arc::clone(store)), &objects, stop).await?;
        }
        self.remove_old(&objects, stop).await
    }

    /// Removes the snapshots of other builds that nobody has renewed for long.
    async fn remove_old(&self, objects: &[Object], stop: &CancellationToken) -> Result<(), ReplicaError> {
        let now = Timestamp::now();
        let is_old = |object: &&Object| now.duration_since(object.put_at) > self.schedule.keep;
        let own = self.keeper.name();
        for Object { name, .. } in
            objects.iter().filter(|object| !object.name.starts_with(&own)).filter(is_old)
        {
            let removed = stop.run_until_cancelled(self.keeper.replicas.bucket.remove(name)).await;
            if removed.transpose()?.is_some() {
                tracing::info!(name, "removed the snapshot of a build that is no longer live");
            }
        }
        Ok(())
    }
}

impl Keeper {
    pub(crate) fn new(replicas: Replicas, projection: &'static str, build: BuildId) -> Self {
        Self { replicas, projection, build }
    }

    /// Keeps a snapshot of a partition, if there is something new.
    pub(crate) async fn keep(
        &self,
        partition: Partition,
        store: Arc<dyn Store>,
        stop: &CancellationToken,
    ) -> Result<(), ReplicaError> {
        match self.list(stop).await? {
            Some(objects) => self.write(&self.part(partition, store), &objects, stop).await,
            None => Ok(()),
        }
    }

    /// What the snapshot of the build is called, and what those of its partitions begin with.
    fn name(&self) -> String {
        Replicas::name(self.projection, &self.build)
    }

    /// The snapshots of the projection; `None` when it was stopped.
    async fn list(&self, stop: &CancellationToken) -> Result<Option<Vec<Object>>, ReplicaError> {
        let projection = format!("{}/", self.projection);
        Ok(stop.run_until_cancelled(self.replicas.bucket.list(&projection)).await.transpose()?)
    }

    fn part(&self, partition: Partition, store: Arc<dyn Store>) -> Part {
        let directory = Builds::new(&self.replicas.data, self.projection).directory(&self.build);
        Part { store, directory: partition.directory(&directory), name: partition.object(&self.name()) }
    }

    async fn write(
        &self,
        part: &Part,
        objects: &[Object],
        stop: &CancellationToken,
    ) -> Result<(), ReplicaError> {
        let kept = objects.iter().find(|object| object.name == part.name).and_then(ReplicaStamp::of);
        let Some((stamp, spool)) = self.spool(part, kept, stop).await? else { return Ok(()) };
        let metadata = stamp.metadata().map_err(|source| crate::StoreError::Encode { source })?;
        let mut content = File::from_std(spool.open()?);
        let put = self.replicas.bucket.put(&part.name, metadata, &mut content);
        let put = stop.run_until_cancelled(put).await;
        drop(spool);
        if put.transpose()?.is_some() {
            tracing::info!(name = part.name, positions = %stamp.positions(), entries = stamp.entries, "kept a snapshot");
        }
        Ok(())
    }

    /// Writes the state to a file, if it has read more than what is kept. The store's snapshot is held no longer than that.
    async fn spool(
        &self,
        part: &Part,
        kept: Option<ReplicaStamp>,
        stop: &CancellationToken,
    ) -> Result<Option<(ReplicaStamp, Spool)>, ReplicaError> {
        let (store, stop, name) = (Arc::clone(&part.store), stop.clone(), part.name.clone());
        let (spool, projection) = (Spool::beside(&part.directory, "upload"), self.projection.to_owned());
        let build = self.build.clone();
        let spooling = spawn_blocking(move || {
            let snapshot = store.snapshot()?;
            let checkpoints = checkpoints(snapshot.as_ref())?;
            let is_new = kept.is_none_or(|kept| kept.is_behind(&checkpoints));
            if !is_new || checkpoints.is_empty() {
                return Ok(None);
            }
            let taken_at = Timestamp::now();
            let entries = archive(snapshot.as_ref(), &name, &spool, &stop)?;
            let stamp = |entries| ReplicaStamp { projection, build, checkpoints, entries, taken_at };
            Ok(entries.map(|entries| (stamp(entries), spool)))
        });
        spooling.await.map_err(|_| ReplicaError::Thread)?
    }
}

/// Writes all that the snapshot has. Says how many entries that are; nothing when it was stopped.
fn archive(
    snapshot: &dyn Snapshot,
    name: &str,
    spool: &Spool,
    stop: &CancellationToken,
) -> Result<Option<u64>, ReplicaError> {
    let failed = |source| ReplicaError::archive(name, source);
    let mut archive = ArchiveWriter::begin(BufWriter::new(spool.create()?)).map_err(failed)?;
    for entry in snapshot.range(&[]..END, Order::Ascending) {
        if stop.is_cancelled() {
            return Ok(None);
        }
        let (key, value) = entry?;
        archive.entry(&key, &value).map_err(failed)?;
    }
    let (entries, mut file) = archive.finish().map_err(failed)?;
    file.flush().map_err(|source| failed(super::ArchiveError::File(source)))?;
    Ok(Some(entries))
}
