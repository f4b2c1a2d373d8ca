use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use headwater_log::service::{Connection, Shutdown, report};
use headwater_log::{BucketConfig, BucketError, JetStreamBucket, JetStreamConfig, JetStreamLog, Log};
use jiff::SignedDuration;

use super::{ReplicaSchedule, Replicas};
use crate::service::parse_time;
use crate::{Partitioning, Projection, StoreKind};

/// How a service starts fast, and lets others.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Snapshots")]
pub(crate) struct ReplicaArgs {
    /// Keep a snapshot of the projection in the bucket PROJECTIONS every so often, such as `10m` [default: never; with --share, 10m]
    #[arg(long, value_name = "TIME", env = "HEADWATER_SNAPSHOT_EVERY", value_parser = parse_every)]
    snapshot_every: Option<Duration>,

    /// Start from the snapshot that is kept, if this instance has no state of its own [default: with --snapshot-every]
    #[arg(
        long, value_name = "BOOL", env = "HEADWATER_START_FROM_SNAPSHOT",
        num_args = 0..=1, require_equals = true, default_missing_value = "true"
    )]
    start_from_snapshot: Option<bool>,

    /// How many servers keep a copy of the bucket, if it has to be made: 3 in production
    #[arg(long, value_name = "NUMBER", default_value_t = 1, env = "HEADWATER_REPLICAS")]
    snapshot_replicas: usize,
}

/// A time that isn't nothing.
fn parse_every(text: &str) -> Result<Duration, String> {
    let time = Duration::try_from(parse_time(text)?).map_err(|error| error.to_string())?;
    if time < Duration::from_secs(1) {
        Err("it is less than a second; write it as `10m`".to_owned())
    } else {
        Ok(time)
    }
}

impl ReplicaArgs {
    /// Loads a snapshot, if one is wanted and fits. Whatever keeps it from that is logged: then the state is built from the first event.
    pub(crate) async fn load<P: Projection>(
        &self,
        (data, store, partitions): (&Path, StoreKind, Partitioning),
        connection: &Connection,
        shutdown: &Shutdown,
    ) {
        if !self.start_from_snapshot.unwrap_or(self.snapshot_every.is_some()) {
            return;
        }
        let loading = async {
            let (client, denials) = connection.connect_watched(P::NAME).await?;
            let bucket = JetStreamBucket::new(client.clone(), denials.clone(), self.bucket())?;
            let log: Log = Arc::new(JetStreamLog::watched(client, denials, JetStreamConfig::default()));
            let replicas = Replicas::new(Arc::new(bucket), data);
            Ok::<_, Box<dyn std::error::Error>>(replicas.load_divided::<P>(store, partitions, &log).await?)
        };
        match shutdown.token().run_until_cancelled(loading).await {
            Some(Ok(stamps)) => {
                for stamp in stamps {
                    tracing::info!(
                        positions = %stamp.positions(), taken_at = %stamp.taken_at, entries = stamp.entries,
                        "starting from a snapshot"
                    );
                }
            }
            Some(Err(error)) => tracing::warn!(
                error = report(error.as_ref()),
                "no snapshot is loaded; without a state of its own, the projection is built from the first event"
            ),
            None => {}
        }
    }

    fn bucket(&self) -> BucketConfig {
        BucketConfig { replicas: self.snapshot_replicas, ..BucketConfig::new(Replicas::BUCKET) }
    }

    /// How many servers keep a copy of what is made.
    pub(crate) fn servers(&self) -> usize {
        self.snapshot_replicas
    }

    /// Where snapshots are kept and when they are taken, if that is wanted, in the bucket that `open` opens. Instances that share
    /// partitions always want it.
    pub(crate) fn replicas(
        &self,
        data: &Path,
        keep: SignedDuration,
        is_shared: bool,
        open: impl FnOnce(BucketConfig) -> Result<JetStreamBucket, BucketError>,
    ) -> (Option<Replicas>, Option<ReplicaSchedule>) {
        let shared = is_shared.then(|| ReplicaSchedule::default().every);
        let Some(every) = self.snapshot_every.or(shared) else { return (None, None) };
        match open(self.bucket()) {
            Ok(bucket) => {
                (Some(Replicas::new(Arc::new(bucket), data)), Some(ReplicaSchedule { every, keep }))
            }
            Err(error) => {
                tracing::warn!(error = report(&error), "no snapshots are kept");
                (None, None)
            }
        }
    }
}
