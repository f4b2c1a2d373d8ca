use std::sync::Arc;

use headwater_log::service::http::Problem;
use serde::Serialize;
use serde_json::Value;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use super::lag::Lag;
use super::listener_metrics::ListenerMetrics;
use super::passed::PassedOver;
use super::phase::Phase;
use super::problems::ELSEWHERE;
use super::request_metrics::RequestMetrics;
use super::room::Room;
use super::state_metrics::StateMetrics;
use super::{QueryLimits, ReadyWithin};
use crate::commits::Commits;
use crate::metrics::Metrics;
use crate::{BuildStatus, PartitionMap, Positions, StoreError, TableInfo, View};

/// All that a projection's routes answer from, whatever its type.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: &'static str,
    pub(super) version: u32,
    pub(super) tables: Vec<TableInfo>,
    pub(super) view: View,
    /// Where what the view shows is in its streams.
    pub(super) position: watch::Receiver<Positions>,
    pub(super) passed: PassedOver,
    /// Which partitions are here, and who has the others.
    pub(super) partitions: watch::Receiver<PartitionMap>,
    /// How the build stands that this process works on.
    pub(super) build: watch::Receiver<BuildStatus>,
    pub(super) commits: Commits,
    pub(super) phase: watch::Sender<Phase>,
    pub(super) lag: Lag,
    pub(super) ready_within: ReadyWithin,
    pub(super) metrics: Metrics,
    pub(super) state_metrics: StateMetrics,
    pub(super) requests: RequestMetrics,
    pub(super) listening: ListenerMetrics,
    pub(super) reads: Arc<Semaphore>,
    pub(super) room: Room,
    pub(super) listeners: Arc<Semaphore>,
    pub(super) limits: QueryLimits,
    pub(super) stop: CancellationToken,
}

impl Source {
    /// Where the projection is now.
    pub(super) fn positions(&self) -> Positions {
        self.position.borrow().clone()
    }

    /// Whether this instance has no partition, because others have all of them.
    pub(super) fn is_standby(&self) -> bool {
        let map = self.partitions.borrow();
        map.here.is_empty() && !map.owners.is_empty() && map.owners.iter().all(Option::is_some)
    }

    /// The answer to who asks for all of a state of which others have a part.
    pub(super) fn elsewhere(&self) -> Problem {
        let map = self.partitions.borrow();
        let is_on_its_way = |number: usize| !map.here.contains(&u32::try_from(number).unwrap_or(u32::MAX));
        let mut owners = map.owners.iter().enumerate();
        let detail = if owners.any(|(number, owner)| owner.is_none() && is_on_its_way(number)) {
            "a part of the state is on its way to an instance; try again soon"
        } else {
            "other instances have a part of the state; ask each of them for `partitions=here`"
        };
        Problem::new(ELSEWHERE, detail).with("partitions", Partitions::of(&map).to_json())
    }

    /// The position of a snapshot, and the entity tag of everything that is read from it.
    pub(super) fn stand(&self, snapshot: &View) -> Result<(Positions, String), StoreError> {
        // Also streams of which nothing is read yet are named.
        let mut positions: Positions =
            self.position.borrow().iter().map(|(domain, _)| (domain.clone(), 0)).collect();
        // The same position of another build, or of a recreated stream, is another state.
        let mut tag = format!("\"{}", snapshot.builder()?);
        positions.advance(&snapshot.positions()?);
        for (domain, partition, checkpoint) in snapshot.partition_checkpoints()? {
            let created = checkpoint.created.as_microsecond();
            let partition = partition.map(|number| format!(".{number}")).unwrap_or_default();
            tag.push_str(&format!("-{}{partition}={}.{created:x}", domain.as_str(), checkpoint.sequence));
        }
        tag.push('"');
        Ok((positions, tag))
    }
}

/// Which partitions are here and where the others are, as clients are told.
#[derive(Debug, Serialize)]
pub(super) struct Partitions {
    here: Vec<u32>,
    elsewhere: Vec<Elsewhere>,
}

#[derive(Debug, Serialize)]
struct Elsewhere {
    partition: u32,
    /// Nobody, while it is between two.
    instance: Option<String>,
    /// Where that answers, if it says so.
    url: Option<String>,
}

impl Partitions {
    pub(super) fn of(map: &PartitionMap) -> Self {
        let others = (0..).zip(&map.owners).filter(|(partition, _)| !map.here.contains(partition));
        let elsewhere = others.map(|(partition, owner)| Elsewhere {
            partition,
            instance: owner.as_ref().map(|owner| owner.instance.clone()),
            url: owner.as_ref().map(|owner| owner.address.clone()).filter(|url| !url.is_empty()),
        });
        Self { here: map.here.iter().copied().collect(), elsewhere: elsewhere.collect() }
    }

    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }
}
