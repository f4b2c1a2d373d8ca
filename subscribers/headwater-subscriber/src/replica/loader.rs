use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Duration;

use headwater_event::{Domain, EventFilter};
use headwater_log::{Backoff, BucketError, Checkpoint, Log, Object, ReadError};
use tokio::fs::File;
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::archive_reader::ArchiveReader;
use super::landing::{self, Landing, remove};
use super::spool::Spool;
use super::{ReplicaError, ReplicaStamp, Replicas};
use crate::partition::Partition;
use crate::projector::streams;
use crate::state::{Builder, State, builder_key, builders, checkpoints, describe};
use crate::{BuildId, Builds, Partitioning, Projection, StoreError, StoreKind};

/// How long the log has to say whether its streams are those of the snapshot.
const STREAMS_LIMIT: Duration = Duration::from_secs(30);

/// How often an object is fetched that is replaced while it is.
const FETCHES_MAX: usize = 3;

/// Where a state is to be loaded to.
struct Place {
    kind: StoreKind,
    partition: Partition,
    directory: PathBuf,
    wanted: Builder,
    name: String,
}

impl Replicas {
    /// Loads the newest snapshot of this build of the projection, if its own state is empty, and there is one. Says what was loaded.
    /// Call it before [`Projector::open_with`](crate::Projector::open_with), with the same directory and kind of store.
    ///
    /// Nothing is loaded unless it is whole and its checkpoints are those of the log's streams. A process that is killed in the middle leaves an
    /// empty state.
    ///
    /// # Errors
    ///
    /// [`ReplicaError`]. The projection can be opened all the same, and is then built from the first event, or goes on with what it has.
    pub async fn load<P: Projection>(
        &self,
        store: StoreKind,
        log: &Log,
    ) -> Result<Option<ReplicaStamp>, ReplicaError> {
        self.load_partition::<P>(store, Partition::WHOLE, None, log).await
    }

    /// The same for a state that is divided: a snapshot of each partition. Says what was loaded, up to the first that can't be.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub async fn load_divided<P: Projection>(
        &self,
        store: StoreKind,
        partitions: Partitioning,
        log: &Log,
    ) -> Result<Vec<ReplicaStamp>, ReplicaError> {
        let mut loaded = Vec::new();
        for partition in partitions.all() {
            loaded.extend(self.load_partition::<P>(store, partition, None, log).await?);
        }
        Ok(loaded)
    }

    /// Loads the newest snapshot of a partition of which another instance may be much further: then also in the place of an own state.
    pub(crate) async fn catch_up<P: Projection>(
        &self,
        store: StoreKind,
        partition: Partition,
        log: &Log,
    ) -> Result<Option<ReplicaStamp>, ReplicaError> {
        let build = BuildId::divided::<P>(partition.partitioning());
        let kept = self.object(&partition.object(&Self::name(P::NAME, &build))).await?;
        match kept.as_ref().and_then(ReplicaStamp::of) {
            Some(kept) => self.load_partition::<P>(store, partition, Some(kept), log).await,
            None => Ok(None),
        }
    }

    async fn load_partition<P: Projection>(
        &self,
        store: StoreKind,
        partition: Partition,
        kept: Option<ReplicaStamp>,
        log: &Log,
    ) -> Result<Option<ReplicaStamp>, ReplicaError> {
        let builds = Builds::new(&self.data, P::NAME);
        let build = BuildId::divided::<P>(partition.partitioning());
        let name = partition.object(&Self::name(P::NAME, &build));
        let wanted = Builder::new(P::NAME, &build, partition, None);
        let directory = partition.directory(&builds.directory(&build));
        let place = Place { kind: store, partition, directory, wanted, name };
        let own = place.directory.clone();
        let is_wanted =
            move |own: &BTreeMap<_, _>| own.is_empty() || kept.is_some_and(|kept| kept.is_far_ahead_of(own));
        let opened = spawn_blocking(move || {
            let state = State::open(&store.into(), &builds, &build, partition)?;
            // Whoever loads has the own state open, so nobody needs what is left.
            landing::clear(&own);
            Ok::<_, ReplicaError>(if is_wanted(&state.checkpoints()?) { Some(state) } else { None })
        });
        let Some(own) = opened.await.map_err(|_| ReplicaError::Thread)?? else { return Ok(None) };
        let spool = Spool::beside(&place.directory, "download");
        let Some(object) = self.fetch(&place.name, &spool).await? else { return Ok(None) };
        let (place, landing, loaded) = read(place, spool).await?;
        let filters = streams(P::EVENTS).map_err(|error| ReplicaError::Events(Box::new(error)))?;
        let checked = check(log, &place.name, filters, &loaded.checkpoints).await;
        let landed = spawn_blocking(move || {
            match checked {
                Ok(()) => landing.land(own, &place.directory)?,
                Err(error) => {
                    drop(landing);
                    remove(&place.directory.with_extension("loading"))?;
                    return Err(error);
                }
            }
            Ok(place.wanted)
        });
        let Builder { name: projection, build, .. } = landed.await.map_err(|_| ReplicaError::Thread)??;
        let taken_at = ReplicaStamp::of(&object).map_or(object.put_at, |stamp| stamp.taken_at);
        let Loaded { checkpoints, entries } = loaded;
        Ok(Some(ReplicaStamp { projection, build, checkpoints, entries, taken_at }))
    }

    /// Fetches what is kept under the name into the file; its digest is right then.
    async fn fetch(&self, name: &str, spool: &Spool) -> Result<Option<Object>, ReplicaError> {
        for fetch in 1.. {
            let mut file = File::from_std(spool.create()?);
            match self.bucket.get(name, &mut file).await {
                // It isn't there, or it was replaced while it was read.
                Err(BucketError::NoObject { .. }) if fetch < FETCHES_MAX => {
                    if self.object(name).await?.is_none() {
                        break;
                    }
                }
                fetched => return Ok(Some(fetched?)),
            }
        }
        Ok(None)
    }
}

struct Loaded {
    checkpoints: BTreeMap<Domain, Checkpoint>,
    entries: u64,
}

/// Loads what was fetched into a store beside the own one. What was begun ends when this is dropped.
async fn read(place: Place, spool: Spool) -> Result<(Place, Landing, Loaded), ReplicaError> {
    let stop = CancellationToken::new();
    let _stops = stop.clone().drop_guard();
    let reading = spawn_blocking(move || match load(&place, &spool, &stop) {
        Ok((landing, loaded)) => Ok((place, landing, loaded)),
        Err(error) => {
            remove(&place.directory.with_extension("loading")).ok();
            Err(error)
        }
    });
    reading.await.map_err(|_| ReplicaError::Thread)?
}

fn load(place: &Place, spool: &Spool, stop: &CancellationToken) -> Result<(Landing, Loaded), ReplicaError> {
    let failed = |source| ReplicaError::archive(&place.name, source);
    let mut archive = ArchiveReader::begin(BufReader::new(spool.open()?)).map_err(failed)?;
    let mut landing = Landing::begin(place.kind, &place.directory)?;
    let mut entries = 0;
    while let Some(entry) = archive.next().map_err(failed)? {
        if stop.is_cancelled() {
            return Err(ReplicaError::Thread);
        }
        landing.write(entry)?;
        entries += 1;
    }
    let snapshot = landing.finish()?.snapshot()?;
    let builders = builders(snapshot.as_ref())?;
    let Builder { name, build, .. } = &place.wanted;
    let own = builder_key(place.partition);
    if !matches!(&builders[..], [(key, builder)] if *key == own && builder.is_of(name, build)) {
        let found = builders.first().map(|(key, builder)| describe(key, builder));
        let found = found.unwrap_or_else(|| "nobody who says so".to_owned());
        return Err(ReplicaError::OtherBuilder { name: place.name.clone(), found });
    }
    let checkpoints = checkpoints(snapshot.as_ref())?;
    // All events would take effect once more.
    if checkpoints.is_empty() {
        return Err(ReplicaError::NoCheckpoint { name: place.name.clone() });
    }
    Ok((landing, Loaded { checkpoints, entries }))
}

/// Whether the log's streams are those that the checkpoints are of: what following them would find, before it is too late.
async fn check(
    log: &Log,
    name: &str,
    mut filters: BTreeMap<Domain, EventFilter>,
    checkpoints: &BTreeMap<Domain, Checkpoint>,
) -> Result<(), ReplicaError> {
    for (domain, checkpoint) in checkpoints {
        let filter = filters.remove(domain).ok_or_else(|| {
            let (table, key) = ("of checkpoints".to_owned(), domain.as_str().to_owned());
            StoreError::Key { table, key }
        })?;
        let mut backoff = Backoff::within(STREAMS_LIMIT);
        let followed = async {
            loop {
                match log.follow(filter.clone(), Some(*checkpoint)).await {
                    Err(ReadError::Unavailable { .. }) if backoff.wait().await => {}
                    followed => return followed,
                }
            }
        };
        let late = |_| ReplicaError::Late { name: name.to_owned() };
        let followed = timeout(STREAMS_LIMIT, followed).await.map_err(late)?;
        followed.map_err(|source| ReplicaError::Streams { name: name.to_owned(), source })?;
    }
    Ok(())
}
