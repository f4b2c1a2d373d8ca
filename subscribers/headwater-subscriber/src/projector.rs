use std::collections::BTreeMap;
use std::fs::File;
use std::iter;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;

use headwater_event::{Domain, EventFilter, EventType};
use headwater_log::{Log, ReadError};
use jiff::SignedDuration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::commits::Commits;
use crate::front::Front;
use crate::lanes::{EVENTS_PER_BATCH, Ended, Lanes, Reader};
use crate::pace::Pace;
use crate::partition::Partition;
use crate::query_server::{Asked, QueryServer};
use crate::replica::ReplicaSource;
use crate::sharing::{PartitionMap, Sharing};
use crate::state::State;
use crate::streams::{Arrival, Streams};
use crate::succession::{LOOK_EVERY, Succession};
use crate::tenancy::{Home, Tenancy, Turn, is_lost};
use crate::{
    BuildId, BuildStatus, Builds, Partitioning, Positions, Projection, ProjectorError, StoreError, Stores,
    View,
};

/// Builds one projection: follows its events, applies them, and commits state and position together.
///
/// Its state may be divided into partitions by the keys of events, which are worked on side by side. Each commits its own position; the projection's
/// is the lowest of them, and it is read on from there.
///
/// When another build of the projection is live, this one grows beside it, and takes over when it has caught up.
pub struct Projector<P> {
    projection: Arc<P>,
    filters: BTreeMap<Domain, EventFilter>,
    lanes: Lanes<P>,
    front: Arc<Front>,
    succession: Succession,
    pace: Pace,
    stores: Stores,
    builds: Builds,
    build: BuildId,
    map: watch::Sender<PartitionMap>,
    /// By which the directory is this process's, if partitions are shared.
    occupied: Option<File>,
}

/// How a projection is built.
#[derive(Debug, Clone)]
pub struct ProjectorOptions {
    /// In what stores.
    pub store: Stores,
    /// Into how many partitions the state is divided. Another number is another build.
    pub partitions: Partitioning,
    /// How many events a second a build reads at most while another one is live.
    pub rebuild_events_per_s: Option<NonZeroU32>,
    /// For how long a build is kept that was live before, for a roll back.
    pub keep: SignedDuration,
}

impl Default for ProjectorOptions {
    fn default() -> Self {
        let (store, partitions) = (Stores::default(), Partitioning::default());
        Self { store, partitions, rebuild_events_per_s: None, keep: SignedDuration::from_hours(24) }
    }
}

impl<P: Projection> Projector<P> {
    /// Opens the projection in its own directory below `data`.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] when the state can't be opened or divided, or the names of the projection's events can't be read.
    pub fn open(data: &Path) -> Result<Self, ProjectorError> {
        Self::open_with(data, ProjectorOptions::default())
    }

    /// The same with other options than the default.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_with(data: &Path, options: ProjectorOptions) -> Result<Self, ProjectorError> {
        let partitions = options.partitions;
        let this = Self::open_parts(data, options, partitions.all())?;
        this.map.send_replace(PartitionMap::all(partitions.count()));
        Ok(this)
    }

    /// Opens a projection whose partitions are shared with other instances, for [`run_shared`](Self::run_shared). None of it is here yet.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_shared(data: &Path, options: ProjectorOptions) -> Result<Self, ProjectorError> {
        let mut this = Self::open_parts(data, options, iter::empty())?;
        this.occupied = Some(this.builds.occupy(&this.build)?);
        Ok(this)
    }

    fn open_parts(
        data: &Path,
        options: ProjectorOptions,
        here: impl Iterator<Item = Partition>,
    ) -> Result<Self, ProjectorError> {
        let ProjectorOptions { store, partitions, rebuild_events_per_s, keep } = options;
        if partitions != Partitioning::default() && !P::PARTITIONED {
            let reason = "the projection doesn't say that events of different keys never write one row; if that is so, add \
                 `partitioned` to its attribute, and else leave out --partitions";
            return Err(StoreError::Undivided { count: partitions.count(), reason }.into());
        }
        store.check_partitions(partitions)?;
        let filters = streams(P::EVENTS)?;
        let (builds, build) = (Builds::new(data, P::NAME), BuildId::divided::<P>(partitions));
        builds.check()?;
        let (projection, front) = (Arc::new(P::new()), Arc::new(Front::new(filters.keys())));
        let domains = filters.keys().cloned().collect();
        let mut lanes = Lanes::new(Arc::clone(&projection), domains, Arc::clone(&front), partitions);
        for partition in here {
            lanes.add(State::open(&store, &builds, &build, partition)?, Reader::Settled)?;
        }
        let succession =
            Succession::begin(builds.clone(), store.clone(), build.clone(), Arc::clone(&front), keep)?;
        let map = watch::Sender::new(PartitionMap::nothing(partitions.count()));
        let pace = Pace::new(rebuild_events_per_s);
        let (stores, occupied) = (store, None);
        Ok(Self { projection, filters, lanes, front, succession, pace, stores, builds, build, map, occupied })
    }

    /// The projection's tables, for queries.
    #[must_use]
    pub fn projection(&self) -> Arc<P> {
        Arc::clone(&self.projection)
    }

    /// The committed state of the live build, for queries.
    #[must_use]
    pub fn view(&self) -> View {
        self.front.view()
    }

    /// Up to where the state has read its streams that answers queries.
    #[must_use]
    pub fn position(&self) -> watch::Receiver<Positions> {
        self.front.position().subscribe()
    }

    /// How this build stands: what it is beside the others, and how far it is.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<BuildStatus> {
        self.succession.status()
    }

    /// Which partitions of the state are here, and who has the others.
    #[must_use]
    pub fn partitions(&self) -> watch::Receiver<PartitionMap> {
        self.map.subscribe()
    }

    /// Answers operators' questions for as long as what is returned is kept.
    pub(crate) fn answer_questions(&self) -> Option<QueryServer> {
        let asked = Asked { view: self.view(), own: self.front.own_view(), status: self.status() };
        QueryServer::start(self.succession.socket(), asked)
    }

    /// Who is told of the commits.
    pub(crate) fn commits(&self) -> Commits {
        self.front.commits().clone()
    }

    /// What snapshots for other replicas are made of.
    pub(crate) fn replica_source(&self) -> ReplicaSource {
        let (front, partitions) = (Arc::clone(&self.front), self.lanes.partitioning());
        ReplicaSource { front, partitions, status: self.status() }
    }

    /// The events that it reads, of each stream.
    pub(crate) fn filters(&self) -> Vec<EventFilter> {
        self.filters.values().cloned().collect()
    }

    /// Follows the log until `stop` is cancelled. What has arrived by then is committed and flushed.
    ///
    /// # Errors
    ///
    /// [`ProjectorError`] when an event can't be read or applied, or the state can't be written: the
    /// projection halts in front of it.
    pub async fn run(self, log: Log, stop: CancellationToken) -> Result<(), ProjectorError> {
        self.work(log, None, stop).await
    }

    /// Follows the log until `stop` is cancelled, for those partitions that are this instance's. Then they are handed over.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and [`ProjectorError::Sharing`].
    pub async fn run_shared(
        self,
        log: Log,
        sharing: Sharing,
        stop: CancellationToken,
    ) -> Result<(), ProjectorError> {
        let home = Home {
            stores: self.stores.clone(),
            builds: self.builds.clone(),
            build: self.build.clone(),
            partitioning: self.lanes.partitioning(),
            log: Arc::clone(&log),
            sharing,
        };
        let beginning = Tenancy::begin(home, self.map.clone());
        match stop.run_until_cancelled(beginning).await {
            Some(tenancy) => self.work(log, Some(tenancy?), stop).await,
            None => Ok(()),
        }
    }

    async fn work(
        self,
        log: Log,
        mut tenancy: Option<Tenancy>,
        stop: CancellationToken,
    ) -> Result<(), ProjectorError> {
        let Self { filters, mut lanes, mut succession, mut pace, occupied: _occupied, .. } = self;
        let follow = |lanes: &mut Lanes<P>, reader| {
            let mut checkpoints = lanes.begin(reader)?;
            let after =
                |(domain, filter): (&Domain, &EventFilter)| (filter.clone(), checkpoints.remove(domain));
            Ok::<_, ProjectorError>(Streams::follow(&log, filters.iter().map(after)))
        };
        lanes.start();
        let mut settled = if lanes.is_empty() { None } else { Some(follow(&mut lanes, Reader::Settled)?) };
        // Partitions that have come, and are behind the others.
        let mut joining: Option<Streams> = None;
        let mut look = interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let received = loop {
            let is_live = succession.is_live();
            let at_once = if is_live { EVENTS_PER_BATCH } else { pace.at_once(EVENTS_PER_BATCH) };
            let (next, reader) = tokio::select! {
                biased;
                () = stop.cancelled() => break Ok(()),
                turn = turn::<P>(&mut tenancy) => {
                    match turn? {
                        Turn::Work(state) => {
                            let partition = state.partition().index();
                            lanes.add(*state, Reader::Joining)?;
                            lanes.start();
                            tenancy.iter().for_each(|tenancy| tenancy.arrived(partition));
                            joining = Some(follow(&mut lanes, Reader::Joining)?);
                        }
                        Turn::Stop(partition) => lanes.close(partition),
                    }
                    continue;
                }
                Some(ended) = lanes.ended() => {
                    let_go(&mut lanes, &mut tenancy, ended)?;
                    if lanes.is_empty() {
                        (settled, joining) = (None, None);
                    }
                    continue;
                }
                _ = look.tick() => {
                    if joining.as_ref().is_some_and(|joining| joining.remaining().is_some_and(|left| left <= NEAR)) {
                        lanes.settle();
                        (settled, joining) = (Some(follow(&mut lanes, Reader::Settled)?), None);
                    }
                    let is_opening = tenancy.as_ref().is_some_and(Tenancy::is_opening);
                    let remaining = [&settled, &joining].into_iter().flatten().map(Streams::remaining).sum();
                    let remaining: Option<u64> = if is_opening || lanes.is_empty() { None } else { remaining };
                    succession = succession.look(remaining.map(|remaining| remaining + lanes.waiting())).await?;
                    lanes.pass().await;
                    continue;
                }
                next = next(&mut settled, at_once) => (next, Reader::Settled),
                next = next(&mut joining, at_once) => (next, Reader::Joining),
            };
            match next {
                Some(Ok(events)) => {
                    let count = events.len();
                    lanes.send(events, reader).await;
                    if !is_live {
                        stop.run_until_cancelled(pace.take(count)).await;
                    }
                }
                Some(Err(error)) => break Err(error.into()),
                None => break Ok(()),
            }
        };
        // What was handed over to the partitions is committed.
        lanes.close_all();
        while let Some(ended) = lanes.ended().await {
            let_go(&mut lanes, &mut tenancy, ended)?;
        }
        if let Some(tenancy) = tenancy {
            tenancy.leave().await;
        }
        received
    }
}

/// A reader that has only so many events to come is no longer apart from the others.
const NEAR: u64 = 100;

/// The work on a partition has ended, as it should, or with an error. If it is shared, it is somebody else's next.
fn let_go<P: Projection>(
    lanes: &mut Lanes<P>,
    tenancy: &mut Option<Tenancy>,
    ended: Ended,
) -> Result<(), ProjectorError> {
    let Ended { partition, state } = ended;
    let Some(tenancy) = tenancy else { return state.map(drop) };
    match state {
        Ok(state) => {
            lanes.forget(partition);
            tenancy.hand_over(P::NAME, state);
            Ok(())
        }
        Err(error) if is_lost(&error) => {
            lanes.forget(partition);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// What to do with shared partitions next; nothing, when they aren't shared.
async fn turn<P: Projection>(tenancy: &mut Option<Tenancy>) -> Result<Turn, ProjectorError> {
    match tenancy {
        Some(tenancy) => tenancy.next::<P>().await,
        None => std::future::pending().await,
    }
}

async fn next(streams: &mut Option<Streams>, max: usize) -> Option<Result<Vec<Arrival>, ReadError>> {
    match streams {
        Some(streams) => streams.next(max).await,
        None => std::future::pending().await,
    }
}

/// The events of each domain.
pub(crate) fn streams(
    events: &[EventType<'static>],
) -> Result<BTreeMap<Domain, EventFilter>, ProjectorError> {
    let mut domains: Vec<&str> = events.iter().map(|event| event.domain).collect();
    domains.sort_unstable();
    domains.dedup();
    let mut streams = BTreeMap::new();
    for domain in domains {
        let of: Vec<_> = events.iter().copied().filter(|event| event.domain == domain).collect();
        let filter = EventFilter::events(&of).map_err(ProjectorError::Events)?;
        streams.insert(filter.domain().clone(), filter);
    }
    Ok(streams)
}
