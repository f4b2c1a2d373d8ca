use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use headwater_log::testkit::Server;
use headwater_log::{Bucket, BucketError, DirectoryBucket, Object};
use headwater_subscriber::{ReplicaError, Replicas, StoreKind};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::sync::Notify;

use crate::bed::{Writing, bucket, built, keep_snapshot, kept, log, often, publish_payments, soon};
use crate::common::revenue::Revenue;

const STORE: StoreKind = StoreKind::Sled;

#[tokio::test(flavor = "multi_thread")]
async fn when_the_bucket_is_away_the_projection_is_built_from_the_stream() {
    let (server, mut away) = (Server::start().await.unwrap(), Server::start().await.unwrap());
    let (log, bucket) = (log(&server).await, bucket(&away).await);
    let last = publish_payments(&log, 0..100).await;
    keep_snapshot::<Revenue>(STORE, &log, &bucket, last).await;
    away.kill().await.unwrap();

    let data = TempDir::new().unwrap();
    let begun = Instant::now();
    let error = soon(Replicas::new(bucket, data.path()).load::<Revenue>(STORE, &log)).await.unwrap_err();
    assert!(matches!(&error, ReplicaError::Bucket(error) if error.is_unavailable()), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(15), "it took {:?}", begun.elapsed());
    let from_first = built::<Revenue>(TempDir::new().unwrap().path(), STORE, &log, last).await;
    assert!(built::<Revenue>(data.path(), STORE, &log, last).await == from_first);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_bucket_is_away_the_projection_goes_on_and_snapshots_go_on_after_it() {
    let (server, mut away) = (Server::start().await.unwrap(), Server::start().await.unwrap());
    let (log, bucket) = (log(&server).await, bucket(&away).await);
    let data = TempDir::new().unwrap();
    publish_payments(&log, 0..100).await;
    let mut writing = Writing::<Revenue>::start(data.path(), STORE, &log, &bucket, often());
    kept::<Revenue>(&bucket, |stamp| stamp.positions().of("orders") == 100).await;
    away.kill().await.unwrap();
    publish_payments(&log, 100..200).await;
    writing.running.reaches(200).await;
    away.restart().await.unwrap();
    kept::<Revenue>(&bucket, |stamp| stamp.positions().of("orders") == 200).await;
    writing.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_waits_for_no_bucket_and_lets_go_of_the_state() {
    let server = Server::start().await.unwrap();
    let log = log(&server).await;
    let (data, directory) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let stalled = Arc::new(Stalled {
        inner: DirectoryBucket::open(directory.path()).await.unwrap(),
        putting: Notify::new(),
    });
    let bucket: Arc<dyn Bucket> = stalled.clone();
    publish_payments(&log, 0..100).await;
    let mut writing = Writing::<Revenue>::start(data.path(), STORE, &log, &bucket, often());
    soon(stalled.putting.notified()).await;
    // The projection isn't held up meanwhile.
    publish_payments(&log, 100..200).await;
    writing.running.reaches(200).await;
    let begun = Instant::now();
    writing.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
    built::<Revenue>(data.path(), STORE, &log, 200).await;
}

/// A bucket that takes some bytes, and then nothing any more.
struct Stalled {
    inner: DirectoryBucket,
    putting: Notify,
}

#[async_trait]
impl Bucket for Stalled {
    async fn put(
        &self,
        _: &str,
        _: BTreeMap<String, String>,
        content: &mut (dyn AsyncRead + Send + Unpin),
    ) -> Result<Object, BucketError> {
        content.read_u64().await.unwrap();
        self.putting.notify_one();
        pending().await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<Object>, BucketError> {
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
