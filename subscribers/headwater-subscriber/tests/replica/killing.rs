//! The process is killed while it loads a snapshot.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_log::testkit::{Server, Victim};
use headwater_log::{Bucket, DirectoryBucket};
use headwater_subscriber::{BuildId, Builds, Projection as _, Replicas, StoreKind};
use tempfile::TempDir;

use crate::bed::{built, keep_snapshot, log, soon};
use crate::common::revenue::Revenue;
use crate::common::shop::{paid, publish_all};

/// In the child: the server, the bucket, where the projection is, and the kind of its store.
const SERVER: &str = "HEADWATER_REPLICA_TEST_SERVER";
const BUCKET: &str = "HEADWATER_REPLICA_TEST_BUCKET";
const DATA: &str = "HEADWATER_REPLICA_TEST_DATA";
const STORE: &str = "HEADWATER_REPLICA_TEST_STORE";

/// So many that loading takes a while.
const CUSTOMERS: u64 = 20_000;

/// The process that is killed: this binary again.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_loads_a_snapshot() {
    let variables = [SERVER, BUCKET, DATA, STORE].map(std::env::var);
    let [Ok(server), Ok(bucket), Ok(data), Ok(store)] = variables else { return };
    let store = StoreKind::ALL.into_iter().find(|kind| kind.to_string() == store).unwrap();
    let log = crate::bed::log_at(&server).await;
    let bucket = Arc::new(DirectoryBucket::open(&bucket).await.unwrap());
    Replicas::new(bucket, Path::new(&data)).load::<Revenue>(store, &log).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whenever_it_is_killed_the_state_is_empty_or_whole() {
    let server = Server::start().await.unwrap();
    let log = log(&server).await;
    let directory = TempDir::new().unwrap();
    let bucket: Arc<dyn Bucket> = Arc::new(DirectoryBucket::open(directory.path()).await.unwrap());
    let payment = |number: u64| paid(number, &format!("customer {number}"), number + 1);
    let last = publish_all(&log, (0..CUSTOMERS).map(payment)).await;
    keep_snapshot::<Revenue>(StoreKind::Fjall, &log, &bucket, last).await;
    for store in StoreKind::ALL {
        let first = TempDir::new().unwrap();
        let from_first = built::<Revenue>(first.path(), store, &log, last).await;
        let data = TempDir::new().unwrap();
        let own = Builds::new(data.path(), Revenue::NAME).directory(&BuildId::of::<Revenue>());
        let mut halves = 0;
        for kill in 0..8 {
            let mut child = start(store, &server.url(), directory.path(), data.path());
            let loading = own.with_extension("loading");
            let before = created(&loading);
            // From when it has begun to load, at moments that grow.
            if !begins(|| loading.exists() && created(&loading) != before, &mut child) {
                break;
            }
            std::thread::sleep(Duration::from_millis(10 * kill));
            drop(child);
            halves += u32::from(loading.exists());
        }
        assert!(halves >= 3, "{store}: only {halves} kills were in the middle");

        let replicas = Replicas::new(bucket.clone(), data.path());
        let loaded = soon(replicas.load::<Revenue>(store, &log)).await.unwrap();
        println!("{store}: {halves} of 8 kills were in the middle; loaded at last: {}", loaded.is_some());
        assert!(built::<Revenue>(data.path(), store, &log, last).await == from_first, "{store}");
        assert!(!own.with_extension("loading").exists());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_half_loaded_is_not_seen_by_who_builds_from_the_first_event() {
    let server = Server::start().await.unwrap();
    let log = log(&server).await;
    let directory = TempDir::new().unwrap();
    let bucket: Arc<dyn Bucket> = Arc::new(DirectoryBucket::open(directory.path()).await.unwrap());
    let payment = |number: u64| paid(number, &format!("customer {number}"), number + 1);
    let last = publish_all(&log, (0..CUSTOMERS).map(payment)).await;
    keep_snapshot::<Revenue>(StoreKind::Fjall, &log, &bucket, last).await;
    let store = StoreKind::Sled;
    let data = TempDir::new().unwrap();
    let own = Builds::new(data.path(), Revenue::NAME).directory(&BuildId::of::<Revenue>());
    let loading = own.with_extension("loading");
    let mut child = start(store, &server.url(), directory.path(), data.path());
    assert!(begins(|| loading.exists(), &mut child), "it was over before");
    drop(child);
    assert!(loading.exists(), "it wasn't in the middle");
    let from_first = built::<Revenue>(TempDir::new().unwrap().path(), store, &log, last).await;
    assert!(built::<Revenue>(data.path(), store, &log, last).await == from_first);
}

fn start(store: StoreKind, server: &str, bucket: &Path, data: &Path) -> Victim {
    let mut command = Victim::of_test("killing::a_child_that_loads_a_snapshot").unwrap();
    command.env(SERVER, server).env(BUCKET, bucket).env(DATA, data).env(STORE, store.to_string());
    Victim::start(command.stdout(Stdio::null())).unwrap()
}

fn created(path: &Path) -> Option<std::time::SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.created()).ok()
}

/// Waits for the condition; false when the process has ended without it.
fn begins(condition: impl Fn() -> bool, process: &mut Victim) -> bool {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it takes too long");
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
