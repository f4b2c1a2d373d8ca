use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use headwater_log::{Bucket, Object};
use jiff::SignedDuration;

use super::writing::Writer;
use super::{ReplicaError, ReplicaWriting};
use crate::{BuildId, Projection, Projector};

/// Snapshots of projections' states in a bucket, one for each build, from which new instances start.
///
/// # Example: an instance that starts from the newest snapshot, and keeps one itself
///
/// ```no_run
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use headwater_log::{Bucket, Log};
/// use headwater_subscriber::{
///     Projection, Projector, ProjectorOptions, ReplicaSchedule, Replicas, StoreKind,
/// };
/// use tokio_util::sync::CancellationToken;
///
/// async fn run<P: Projection>(
///     bucket: Arc<dyn Bucket>,
///     log: Log,
///     stop: CancellationToken,
/// ) -> Result<(), Box<dyn std::error::Error>> {
///     let data = Path::new("headwater-data");
///     let replicas = Replicas::new(bucket, data);
///     match replicas.load::<P>(StoreKind::default(), &log).await {
///         Ok(Some(stamp)) => println!("begins at {}", stamp.positions()),
///         Ok(None) => {}
///         Err(error) => eprintln!("builds from the first event: {error}"),
///     }
///     let projector = Projector::<P>::open_with(data, ProjectorOptions::default())?;
///     let writing = replicas.write(&projector, ReplicaSchedule::default());
///     projector.run(log, stop).await?;
///     writing.close().await;
///     Ok(())
/// }
/// ```
#[derive(Clone)]
pub struct Replicas {
    pub(super) bucket: Arc<dyn Bucket>,
    pub(super) data: PathBuf,
}

/// When snapshots are taken, and how long they are kept.
#[derive(Debug, Clone, Copy)]
pub struct ReplicaSchedule {
    /// The time between two snapshots.
    pub every: Duration,
    /// For how long the snapshot of another build is kept after its last renewal.
    pub keep: SignedDuration,
}

impl Default for ReplicaSchedule {
    fn default() -> Self {
        Self { every: Duration::from_secs(600), keep: SignedDuration::from_hours(24) }
    }
}

impl Replicas {
    /// The bucket that services use.
    pub const BUCKET: &str = "PROJECTIONS";

    /// Snapshots in this bucket, of projections below `data`.
    #[must_use]
    pub fn new(bucket: Arc<dyn Bucket>, data: &Path) -> Self {
        Self { bucket, data: data.to_owned() }
    }

    /// What the snapshot of a build is called.
    #[must_use]
    pub fn name(projection: &str, build: &BuildId) -> String {
        format!("{projection}/{build}")
    }

    /// Takes snapshots of the projector's state on a schedule, for as long as its build is live, and until what is returned is closed or dropped. What
    /// fails is logged, and tried again. Call it inside a Tokio runtime.
    ///
    /// A snapshot replaces the one that is kept when it has read all that the other has, and more. Snapshots of other builds are removed
    /// when nobody has renewed them for the time that the schedule says.
    #[must_use]
    pub fn write<P: Projection>(
        &self,
        projector: &Projector<P>,
        schedule: ReplicaSchedule,
    ) -> ReplicaWriting {
        let source = projector.replica_source();
        ReplicaWriting::start(Writer::new(self.clone(), P::NAME, source, schedule))
    }

    /// What is kept under the name.
    pub(super) async fn object(&self, name: &str) -> Result<Option<Object>, ReplicaError> {
        Ok(self.bucket.list(name).await?.into_iter().find(|object| object.name == name))
    }
}
