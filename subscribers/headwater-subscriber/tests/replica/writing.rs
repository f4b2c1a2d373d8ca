use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use headwater_log::testkit::Server;
use headwater_log::{Bucket, BucketError, Object};
use headwater_subscriber::{Projector, ProjectorOptions, ReplicaSchedule, Replicas, Standing, StoreKind};
use jiff::SignedDuration;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::bed::{Writing, bucket, built, kept, log, name, object, often, publish_payments, soon};
use crate::common::revenue::{Revenue, RevenueV2};
use crate::common::running::Running;

const STORE: StoreKind = StoreKind::Sled;

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_keep_one_snapshot_and_it_never_goes_back() {
    let server = Server::start().await.unwrap();
    let (log, bucket) = (log(&server).await, bucket(&server).await);
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let one = Writing::<Revenue>::start(one.path(), StoreKind::Sled, &log, &bucket, often());
    let two = Writing::<Revenue>::start(two.path(), StoreKind::Fjall, &log, &bucket, often());
    let mut last = 0;
    for round in 1..=10 {
        let published = publish_payments(&log, last..last + 30).await;
        let at = |object: Object| object.metadata["positions"].clone();
        let kept = kept::<Revenue>(&bucket, |stamp| stamp.positions().of("orders") > last).await;
        assert!(at(kept).starts_with("orders="), "round {round}");
        last = published;
    }
    kept::<Revenue>(&bucket, |stamp| stamp.positions().of("orders") == last).await;
    assert_eq!(bucket.list("").await.unwrap().len(), 1);
    one.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_behind_replaces_nothing_nor_does_one_that_has_not_moved() {
    let server = Server::start().await.unwrap();
    let log = log(&server).await;
    let counting = Arc::new(Counting {
        inner: bucket(&server).await,
        lists: AtomicU64::new(0),
        puts: AtomicU64::new(0),
    });
    let bucket: Arc<dyn Bucket> = counting.clone();
    let (ahead, behind) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    publish_payments(&log, 0..50).await;
    built::<Revenue>(behind.path(), STORE, &log, 50).await;
    publish_payments(&log, 50..100).await;
    let one = Writing::<Revenue>::start(ahead.path(), STORE, &log, &bucket, often());
    kept::<Revenue>(&bucket, |stamp| stamp.positions().of("orders") == 100).await;
    // It may have kept one on the way.
    let puts = counting.puts.load(Ordering::Relaxed);

    // It has 50 events, and reads no more.
    let projector = Projector::<Revenue>::open_with(behind.path(), ProjectorOptions::default()).unwrap();
    let two = Replicas::new(bucket.clone(), behind.path()).write(&projector, often());
    let looked = counting.lists.load(Ordering::Relaxed);
    soon(async {
        while counting.lists.load(Ordering::Relaxed) < looked + 20 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    two.close().await;
    assert_eq!(counting.puts.load(Ordering::Relaxed), puts);
    let kept = object::<Revenue>(&bucket).await.unwrap();
    assert_eq!(kept.metadata["positions"], "orders=100");
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_live_build_keeps_snapshots_and_those_of_builds_before_it_are_removed_after_a_time() {
    let server = Server::start().await.unwrap();
    let (log, bucket) = (log(&server).await, bucket(&server).await);
    let data = TempDir::new().unwrap();
    publish_payments(&log, 0..50).await;
    let old = Writing::<Revenue>::start(data.path(), STORE, &log, &bucket, often());
    kept::<Revenue>(&bucket, |stamp| stamp.positions().of("orders") == 50).await;
    old.stop().await;

    // A new build takes over; nothing of the old one is kept.
    let at_once = ReplicaSchedule { keep: SignedDuration::ZERO, ..often() };
    let mut new = Writing::<RevenueV2>::start(data.path(), STORE, &log, &bucket, at_once);
    new.running.becomes(Standing::Live).await;
    kept::<RevenueV2>(&bucket, |stamp| stamp.positions().of("orders") == 50).await;
    soon(async {
        while object::<Revenue>(&bucket).await.is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;

    // The old one's process goes on beside it, and keeps none.
    let counting =
        Arc::new(Counting { inner: bucket.clone(), lists: AtomicU64::new(0), puts: AtomicU64::new(0) });
    let as_bucket: Arc<dyn Bucket> = counting.clone();
    let mut old = Writing::<Revenue>::start(data.path(), STORE, &log, &as_bucket, often());
    old.running.becomes(Standing::Kept).await;
    publish_payments(&log, 50..100).await;
    new.running.reaches(100).await;
    kept::<RevenueV2>(&bucket, |stamp| stamp.positions().of("orders") == 100).await;
    old.stop().await;
    assert_eq!(counting.puts.load(Ordering::Relaxed), 0);
    let names: Vec<_> = bucket.list("").await.unwrap().into_iter().map(|object| object.name).collect();
    assert_eq!(names, [name::<RevenueV2>()]);
    new.stop().await;

    // What a build of the same fingerprint has kept serves a new replica.
    let replica = TempDir::new().unwrap();
    let loaded = soon(Replicas::new(bucket, replica.path()).load::<RevenueV2>(STORE, &log)).await;
    assert_eq!(loaded.unwrap().unwrap().positions().of("orders"), 100);
    let mut running = Running::<RevenueV2>::start(replica.path(), &log);
    running.becomes(Standing::Live).await;
    running.stop().await;
}

/// A bucket that says how often it was used.
struct Counting {
    inner: Arc<dyn Bucket>,
    lists: AtomicU64,
    puts: AtomicU64,
}

#[async_trait]
impl Bucket for Counting {
    async fn put(
        &self,
        name: &str,
        metadata: BTreeMap<String, String>,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<Object, BucketError> {
        self.puts.fetch_add(1, Ordering::Relaxed);
        self.inner.put(name, metadata, content).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, BucketError> {
        self.lists.fetch_add(1, Ordering::Relaxed);
        self.inner.list(prefix).await
    }

    async fn get(
        &self,
        name: &str,
        target: &mut (dyn AsyncWrite + Send + Unpin),
    ) -> Result<Object, BucketError> {
        self.inner.get(name, target).await
    }

    async fn remove(&self, name: &str) -> Result<(), BucketError> {
        self.inner.remove(name).await
    }
}
