use std::fs;
use std::sync::Arc;

use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{Bucket, BucketError, DirectoryBucket, ReadError};
use headwater_subscriber::{ArchiveError, Entry, ReplicaError, Replicas, StoreKind};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::bed::{
    Writing, bucket, built, content, keep_snapshot, kept, log, name, often, publish_payments, put, soon,
};
use crate::common::revenue::{Revenue, RevenueV2};

const STORE: StoreKind = StoreKind::Sled;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_cut_off_foreign_or_too_new_is_refused_and_the_projection_is_built_all_the_same() {
    let server = Server::start().await.unwrap();
    let (log, bucket) = (log(&server).await, bucket(&server).await);
    let last = publish_payments(&log, 0..100).await;
    let kept = keep_snapshot::<Revenue>(STORE, &log, &bucket, last).await;
    let whole = content(&bucket, &kept.name).await;
    let from_first = built::<Revenue>(TempDir::new().unwrap().path(), STORE, &log, last).await;

    let flipped = |at: usize| {
        let mut content = whole.clone();
        content[at] ^= 0x10;
        content
    };
    type Refused = fn(&ArchiveError) -> bool;
    let cases: [(Vec<u8>, Refused); 6] = [
        (flipped(whole.len() / 2), |error| {
            matches!(error, ArchiveError::Damaged { .. } | ArchiveError::CutOff { .. })
        }),
        (flipped(whole.len() - 1), |error| matches!(error, ArchiveError::Damaged { .. })),
        (whole[..whole.len() - 1].to_vec(), |error| matches!(error, ArchiveError::CutOff { .. })),
        (whole[..whole.len() / 2].to_vec(), |error| matches!(error, ArchiveError::CutOff { .. })),
        (b"something else altogether".to_vec(), |error| matches!(error, ArchiveError::Foreign)),
        (flipped(8), |error| matches!(error, ArchiveError::TooNew { found: 0x1001 })),
    ];
    for (number, (damaged, is_expected)) in cases.into_iter().enumerate() {
        put(&bucket, &kept.name, kept.metadata.clone(), &damaged).await;
        let data = TempDir::new().unwrap();
        let error = soon(Replicas::new(bucket.clone(), data.path()).load::<Revenue>(STORE, &log)).await;
        match error.unwrap_err() {
            ReplicaError::Archive { source, .. } if is_expected(&source) => {}
            error => panic!("case {number}: {error:?}"),
        }
        assert!(built::<Revenue>(data.path(), STORE, &log, last).await == from_first, "case {number}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_that_the_bucket_has_lost_is_noticed() {
    let server = Server::start().await.unwrap();
    let log = log(&server).await;
    let (directory, data) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let bucket: Arc<dyn Bucket> = Arc::new(DirectoryBucket::open(directory.path()).await.unwrap());
    let last = publish_payments(&log, 0..100).await;
    keep_snapshot::<Revenue>(STORE, &log, &bucket, last).await;
    let files = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path());
    let file = files.filter(|path| path.extension().is_some_and(|e| e == "content")).last().unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();

    let error = Replicas::new(bucket, data.path()).load::<Revenue>(STORE, &log).await.unwrap_err();
    assert!(matches!(error, ReplicaError::Bucket(BucketError::Damaged { .. })), "{error:?}");
    built::<Revenue>(data.path(), STORE, &log, last).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_snapshot_of_another_build_is_not_used() {
    let server = Server::start().await.unwrap();
    let (log, bucket) = (log(&server).await, bucket(&server).await);
    let last = publish_payments(&log, 0..100).await;
    let kept = keep_snapshot::<Revenue>(STORE, &log, &bucket, last).await;
    let data = TempDir::new().unwrap();
    let replicas = Replicas::new(bucket.clone(), data.path());
    assert_eq!(soon(replicas.load::<RevenueV2>(STORE, &log)).await.unwrap(), None);

    // Not even when it is under the other one's name.
    let other = content(&bucket, &kept.name).await;
    put(&bucket, &name::<RevenueV2>(), kept.metadata, &other).await;
    let error = soon(replicas.load::<RevenueV2>(STORE, &log)).await.unwrap_err();
    assert!(matches!(error, ReplicaError::OtherBuilder { .. }), "{error:?}");
    let built_after = built::<RevenueV2>(data.path(), STORE, &log, last).await;
    assert!(built_after == built::<RevenueV2>(TempDir::new().unwrap().path(), STORE, &log, last).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_does_not_say_up_to_where_it_has_read_is_not_used() {
    let server = Server::start().await.unwrap();
    let (log, bucket) = (log(&server).await, bucket(&server).await);
    let last = publish_payments(&log, 0..100).await;
    let kept = keep_snapshot::<Revenue>(STORE, &log, &bucket, last).await;
    let from_first = built::<Revenue>(TempDir::new().unwrap().path(), STORE, &log, last).await;
    let rows = from_first.iter().filter(|(key, _)| !key.starts_with(b"\0checkpoint"));
    let rows: Vec<_> = rows.cloned().collect();
    assert!(rows.len() > 100 && rows.len() + 1 == from_first.len());
    put(&bucket, &kept.name, kept.metadata, &archive(&rows)).await;
    let data = TempDir::new().unwrap();
    let error = soon(Replicas::new(bucket.clone(), data.path()).load::<Revenue>(STORE, &log)).await;
    assert!(matches!(error, Err(ReplicaError::NoCheckpoint { .. })), "{error:?}");
    // Nothing is counted twice.
    assert!(built::<Revenue>(data.path(), STORE, &log, last).await == from_first);
}

/// An archive as this version writes it.
fn archive(entries: &[Entry]) -> Vec<u8> {
    let mut archive = b"HWSTATE\n\0\x01".to_vec();
    for (key, value) in entries {
        archive.push(1);
        archive.extend(u32::try_from(key.len()).unwrap().to_be_bytes());
        archive.extend(u32::try_from(value.len()).unwrap().to_be_bytes());
        archive.extend([&key[..], value].concat());
    }
    archive.push(0);
    archive.extend((entries.len() as u64).to_be_bytes());
    let digest = Sha256::digest(&archive);
    archive.extend(digest);
    archive
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_a_stream_that_was_created_again_is_refused_and_replaced_by_the_next_one() {
    let server = Server::start().await.unwrap();
    let (old_log, bucket) = (log(&server).await, bucket(&server).await);
    let last = publish_payments(&old_log, 0..100).await;
    keep_snapshot::<Revenue>(STORE, &old_log, &bucket, last).await;
    let client = Connection::to(&server.url()).unwrap().connect("raw").await.unwrap();
    client.request("$JS.API.STREAM.DELETE.EVT_orders", "".into()).await.unwrap();

    // There is no stream; then there is a shorter one.
    let log = log(&server).await;
    let data = TempDir::new().unwrap();
    let replicas = Replicas::new(bucket.clone(), data.path());
    for events in [0, 40] {
        publish_payments(&log, 0..events).await;
        let error = soon(replicas.load::<Revenue>(STORE, &log)).await.unwrap_err();
        let is_refused = |source: &ReadError| match events {
            0 => matches!(source, ReadError::NoStream { .. }),
            _ => matches!(source, ReadError::Recreated { .. }),
        };
        match error {
            ReplicaError::Streams { source, .. } if is_refused(&source) => {}
            error => panic!("with {events} events: {error:?}"),
        }
    }
    let mut writing = Writing::<Revenue>::start(data.path(), STORE, &log, &bucket, often());
    writing.running.reaches(40).await;
    kept::<Revenue>(&bucket, |stamp| stamp.positions().of("orders") == 40).await;
    writing.stop().await;
    let replica = TempDir::new().unwrap();
    let loaded = soon(Replicas::new(bucket, replica.path()).load::<Revenue>(STORE, &log)).await.unwrap();
    assert_eq!(loaded.unwrap().positions().of("orders"), 40);
}
