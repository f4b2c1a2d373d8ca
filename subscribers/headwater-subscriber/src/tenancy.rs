use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use headwater_log::service::report;
use headwater_log::{Change, Lease, LeaseError, Log, Owner, Partitions};
use tokio::sync::watch;
use tokio::task::{JoinSet, spawn_blocking};
use tokio_util::sync::CancellationToken;

use crate::replica::Keeper;
use crate::sharing::{PartitionMap, PartitionOwner, Sharing};
use crate::state::State;
use crate::{BuildId, Builds, Partitioning, Projection, ProjectorError, Stores};

/// This instance's part of the partitions that several share: what comes is opened, and what goes is handed over.
pub(crate) struct Tenancy {
    partitions: Partitions,
    owners: watch::Receiver<Vec<Option<Owner>>>,
    home: Arc<Home>,
    opening: JoinSet<(u32, Result<State, ProjectorError>)>,
    /// Those that are being opened, and are no longer this instance's.
    unwanted: BTreeSet<u32>,
    leaving: JoinSet<()>,
    map: watch::Sender<PartitionMap>,
}

/// Where this instance keeps its partitions, and where others find their states.
pub(crate) struct Home {
    pub(crate) stores: Stores,
    pub(crate) builds: Builds,
    pub(crate) build: BuildId,
    pub(crate) partitioning: Partitioning,
    pub(crate) log: Log,
    pub(crate) sharing: Sharing,
}

/// What to do next.
pub(crate) enum Turn {
    /// Work on this partition.
    Work(Box<State>),
    /// Stop working on it.
    Stop(u32),
}

/// How long the next owner of a partition waits at most until its state is kept; after that it catches up with what there is.
const HAND_OVER_LIMIT: Duration = Duration::from_secs(20);

impl Tenancy {
    /// Joins the instances that share the build's partitions.
    pub(crate) async fn begin(home: Home, map: watch::Sender<PartitionMap>) -> Result<Self, LeaseError> {
        let Home { builds, build, partitioning, sharing, .. } = &home;
        let group = format!("{}-{build}", builds.name());
        let partitions = sharing.leases.share(&group, partitioning.count(), &*sharing.address).await?;
        let owners = partitions.owners();
        let (opening, leaving) = (JoinSet::new(), JoinSet::new());
        Ok(Self {
            partitions,
            owners,
            home: Arc::new(home),
            opening,
            unwanted: BTreeSet::new(),
            leaving,
            map,
        })
    }

    /// Waits for what to do next.
    pub(crate) async fn next<P: Projection>(&mut self) -> Result<Turn, ProjectorError> {
        loop {
            tokio::select! {
                change = self.partitions.next() => match change.transpose()? {
                    Some(Change::Take { partition, lease }) => self.take::<P>(partition, lease),
                    Some(Change::Give { partition } | Change::Lost { partition, .. }) => {
                        self.unwanted.insert(partition);
                        self.map.send_modify(|map| {
                            map.here.remove(&partition);
                        });
                        return Ok(Turn::Stop(partition));
                    }
                    // It comes after an error only.
                    None => std::future::pending().await,
                },
                Some(opened) = self.opening.join_next() => {
                    let panicked = |_| ProjectorError::Panicked { name: P::NAME };
                    let (partition, state) = opened.map_err(panicked)?;
                    // What isn't wanted any more is given back by being dropped.
                    match state {
                        _ if self.unwanted.contains(&partition) => {}
                        Err(error) if is_lost(&error) => {}
                        state => return Ok(Turn::Work(Box::new(state?))),
                    }
                }
                Some(_) = self.leaving.join_next() => {}
                Ok(()) = self.owners.changed() => self.see_owners(),
            }
        }
    }

    /// A partition can be read here now.
    pub(crate) fn arrived(&self, partition: u32) {
        self.map.send_modify(|map| {
            map.here.insert(partition);
        });
    }

    /// Whether partitions are on their way here.
    pub(crate) fn is_opening(&self) -> bool {
        !self.opening.is_empty()
    }

    fn take<P: Projection>(&mut self, partition: u32, lease: Lease) {
        self.unwanted.remove(&partition);
        let home = Arc::clone(&self.home);
        tracing::info!(partition, epoch = lease.epoch(), "this instance has the partition now");
        self.opening.spawn(async move { (partition, home.open::<P>(partition, lease).await) });
    }

    /// Keeps the state for who has the partition next, and gives it back.
    pub(crate) fn hand_over(&mut self, name: &'static str, state: State) {
        let home = Arc::clone(&self.home);
        self.leaving.spawn(async move { home.hand_over(name, state).await });
    }

    /// Hands over what is left, and leaves.
    pub(crate) async fn leave(mut self) {
        self.opening.shutdown().await;
        while self.leaving.join_next().await.is_some() {}
        self.partitions.leave().await;
    }

    fn see_owners(&mut self) {
        let of = |owner: &Option<Owner>| {
            let Owner { member, payload, .. } = owner.as_ref()?;
            Some(PartitionOwner { instance: member.clone(), address: payload.clone() })
        };
        let mut owners: Vec<_> = self.owners.borrow_and_update().iter().map(of).collect();
        owners.resize(self.home.partitioning.count() as usize, None);
        self.map.send_modify(|map| map.owners = owners);
    }
}

impl Home {
    /// Opens the state of a partition, as far as another instance has come with it, if that is known.
    async fn open<P: Projection>(&self, number: u32, lease: Lease) -> Result<State, ProjectorError> {
        let unknown = || ProjectorError::Panicked { name: P::NAME };
        let partition = self.partitioning.partition(number).ok_or_else(unknown)?;
        if let (Some(replicas), Stores::Directories(kind)) = (&self.sharing.replicas, &self.stores) {
            match replicas.catch_up::<P>(*kind, partition, &self.log).await {
                Ok(Some(stamp)) => {
                    tracing::info!(partition = number, positions = %stamp.positions(), "going on from a snapshot");
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(
                    partition = number,
                    error = report(&error),
                    "no snapshot is loaded; the partition goes on with what this instance has of it"
                ),
            }
        }
        let (stores, builds, build) = (self.stores.clone(), self.builds.clone(), self.build.clone());
        let opening =
            spawn_blocking(move || State::open_leased(&stores, &builds, &build, partition, Some(lease)));
        Ok(opening.await.map_err(|_| unknown())??)
    }

    async fn hand_over(&self, name: &'static str, state: State) {
        let partition = state.partition();
        if let Some(replicas) = &self.sharing.replicas
            && state.check_lease().is_ok()
        {
            let stop = CancellationToken::new();
            let keeper = Keeper::new(replicas.clone(), name, self.build.clone());
            let keeping = keeper.keep(partition, state.store(), &stop);
            tokio::pin!(keeping);
            let kept = tokio::select! {
                kept = &mut keeping => kept,
                () = tokio::time::sleep(HAND_OVER_LIMIT) => {
                    stop.cancel();
                    keeping.await
                }
            };
            if let Err(error) = kept {
                tracing::warn!(
                    partition = partition.index(),
                    error = report(&error),
                    "the partition is given to another instance without its state, which that one has to build"
                );
            }
        }
        tracing::info!(partition = partition.index(), "this instance doesn't have the partition any longer");
    }
}

/// Whether another instance has the partition by now, and all is well.
pub(crate) fn is_lost(error: &ProjectorError) -> bool {
    use crate::StoreError::{Fenced, LeaseLost};
    matches!(error, ProjectorError::Store(LeaseLost { .. } | Fenced { .. }))
}
