use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{Bucket, BucketConfig, JetStreamBucket, JetStreamConfig, JetStreamLog, Log, Object};
use headwater_subscriber::{
    Apply, ApplyError, BuildId, Builds, Entry, Index, Order, Projection, Projector, ProjectorOptions,
    Recorded, ReplicaSchedule, ReplicaStamp, ReplicaWriting, Replicas, StoreKind, Table, Tx,
};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use crate::common::running::Running;
use crate::common::shop::{OrderPaid, paid, publish_all};

/// What customers have paid, with an index; it counts how many events this process has applied.
#[derive(Projection)]
#[projection(name = "accounts", applies(OrderPaid))]
pub(crate) struct Accounts {
    pub(crate) accounts: Table<String, Account, (ByCents,)>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Account {
    cents: u64,
}

pub(crate) struct ByCents;

impl Index<Account> for ByCents {
    const NAME: &'static str = "by-cents";
    type Key = String;

    fn key(account: &Account) -> Option<String> {
        Some(format!("{:09}", account.cents))
    }
}

/// Only for the test that asks how many there were.
pub(crate) static APPLIED: AtomicU64 = AtomicU64::new(0);

impl Apply<OrderPaid> for Accounts {
    fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        APPLIED.fetch_add(1, Ordering::Relaxed);
        self.accounts.update(tx, &event.data.customer, |account| account.cents += event.data.cents)
    }
}

pub(crate) async fn log(server: &Server) -> Log {
    log_at(&server.url()).await
}

pub(crate) async fn log_at(url: &str) -> Log {
    let client = Connection::to(url).unwrap().connect("replica").await.unwrap();
    Arc::new(JetStreamLog::new(client, JetStreamConfig::default()))
}

/// The bucket, which loses patience early.
pub(crate) async fn bucket(server: &Server) -> Arc<dyn Bucket> {
    let (client, denials) = Connection::to(&server.url()).unwrap().connect_watched("replica").await.unwrap();
    let config = BucketConfig {
        answer_timeout: Duration::from_secs(1),
        patience: Duration::from_secs(3),
        ..BucketConfig::new(Replicas::BUCKET)
    };
    Arc::new(JetStreamBucket::new(client, denials, config).unwrap())
}

/// So that a test needn't wait.
pub(crate) fn often() -> ReplicaSchedule {
    ReplicaSchedule { every: Duration::from_millis(20), keep: SignedDuration::from_hours(24) }
}

/// Payments of some hundred customers.
pub(crate) async fn publish_payments(log: &Log, numbers: std::ops::Range<u64>) -> u64 {
    let payment =
        |number: u64| paid(format!("order {number}"), &format!("customer {}", number % 701), number + 1);
    publish_all(log, numbers.map(payment)).await
}

/// An instance that keeps snapshots.
pub(crate) struct Writing<P> {
    pub(crate) running: Running<P>,
    pub(crate) writing: ReplicaWriting,
}

impl<P: Projection> Writing<P> {
    pub(crate) fn start(
        data: &Path,
        store: StoreKind,
        log: &Log,
        bucket: &Arc<dyn Bucket>,
        schedule: ReplicaSchedule,
    ) -> Self {
        let options = ProjectorOptions { store: store.into(), ..ProjectorOptions::default() };
        let projector = Projector::<P>::open_with(data, options).unwrap();
        let writing = Replicas::new(Arc::clone(bucket), data).write(&projector, schedule);
        Self { running: Running::begin(projector, log), writing }
    }

    pub(crate) async fn stop(self) {
        soon(self.writing.close()).await;
        self.running.stop().await;
    }
}

/// Keeps a snapshot of a state that was built up to the sequence.
pub(crate) async fn keep_snapshot<P: Projection>(
    store: StoreKind,
    log: &Log,
    bucket: &Arc<dyn Bucket>,
    sequence: u64,
) -> Object {
    let data = TempDir::new().unwrap();
    let mut writing = Writing::<P>::start(data.path(), store, log, bucket, often());
    writing.running.reaches(sequence).await;
    let kept = kept::<P>(bucket, |stamp| stamp.positions().of("orders") >= sequence).await;
    writing.stop().await;
    kept
}

/// Waits until the snapshot of the projection is so.
pub(crate) async fn kept<P: Projection>(
    bucket: &Arc<dyn Bucket>,
    is_so: impl Fn(&ReplicaStamp) -> bool,
) -> Object {
    soon(async {
        loop {
            if let Some(object) = object::<P>(bucket).await
                && ReplicaStamp::of(&object).is_some_and(|stamp| is_so(&stamp))
            {
                return object;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

pub(crate) async fn object<P: Projection>(bucket: &Arc<dyn Bucket>) -> Option<Object> {
    let objects = bucket.list(&name::<P>()).await.unwrap_or_default();
    objects.into_iter().next()
}

pub(crate) fn name<P: Projection>() -> String {
    Replicas::name(P::NAME, &BuildId::of::<P>())
}

/// Puts another content in the place of a snapshot's.
pub(crate) async fn put(
    bucket: &Arc<dyn Bucket>,
    name: &str,
    metadata: BTreeMap<String, String>,
    content: &[u8],
) {
    bucket.put(name, metadata, &mut &*content).await.unwrap();
}

pub(crate) async fn content(bucket: &Arc<dyn Bucket>, name: &str) -> Vec<u8> {
    let mut content = Vec::new();
    bucket.get(name, &mut content).await.unwrap();
    content
}

/// All keys and values of a build that isn't open: rows, entries of indexes, checkpoints, and the builder.
pub(crate) fn state<P: Projection>(data: &Path, store: StoreKind) -> Vec<Entry> {
    let store = store.open(&Builds::new(data, P::NAME).directory(&BuildId::of::<P>())).unwrap();
    let entries = store.snapshot().unwrap().range(&[]..&[0xff], Order::Ascending);
    entries.map(|entry| entry.unwrap()).collect()
}

/// Builds what there is up to the sequence, and returns the state.
pub(crate) async fn built<P: Projection>(
    data: &Path,
    store: StoreKind,
    log: &Log,
    sequence: u64,
) -> Vec<Entry> {
    let mut running = Running::<P>::start_in(store, data, log);
    running.reaches(sequence).await;
    running.stop().await;
    state::<P>(data, store)
}

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it takes too long")
}
