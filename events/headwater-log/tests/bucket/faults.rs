//! Uploads and downloads in the middle of which something happens.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headwater_log::testkit::{Cluster, Proxy, Server};
use headwater_log::{Bucket as _, BucketConfig, BucketError};

use super::bed::{
    Watched, bucket, bucket_with, config, content, count, dripping, get, jetstream, names, put, soon,
};

const HALF: usize = 1_048_576;

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_of_an_upload_costs_time_only() {
    let mut server = Server::start().await.unwrap();
    let (bucket, content) = (bucket(&server.url()).await, content(2 * HALF));
    let (mut reader, drip) = dripping(HALF);
    drip.send.send(Ok(content[..HALF].to_vec())).unwrap();
    let killing = async {
        drip.asked.await.unwrap();
        assert_eq!(names(&bucket).await, [""; 0], "half of it is seen");
        server.kill().await.unwrap();
        drip.send.send(Ok(content[HALF..].to_vec())).unwrap();
        drop(drip.send);
        server.restart().await.unwrap();
    };
    let (object, ()) =
        soon(async { tokio::join!(bucket.put("a", BTreeMap::new(), &mut reader), killing) }).await;
    assert_eq!(object.unwrap().size, 2 * HALF as u64);
    assert_eq!(get(&bucket, "a").await.unwrap(), content);
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_of_a_download_costs_time_only() {
    let mut server = Server::start().await.unwrap();
    let (bucket, content) = (bucket(&server.url()).await, content(40 * HALF));
    put(&bucket, "a", &content).await.unwrap();
    let taken = Arc::<Mutex<Vec<u8>>>::default();
    let (keep, kept) = tokio::sync::oneshot::channel();
    let act = Some(Box::pin(async move {
        server.kill().await.unwrap();
        server.restart().await.unwrap();
        keep.send(server).ok();
    }));
    let mut writer = Watched { taken: taken.clone(), at: 6 * HALF, act };
    soon(bucket.get("a", &mut writer)).await.unwrap();
    kept.await.expect("it was too small");
    assert!(*taken.lock().unwrap() == content);
}

#[tokio::test]
async fn lost_answers_double_and_displace_nothing() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let (bucket, content) = (bucket(&proxy.url()).await, content(8 * 262_144));
    let (mut reader, drip) = dripping(usize::MAX);
    let losing = async {
        for chunk in content.chunks(262_144) {
            proxy.lose_acknowledgement();
            drip.send.send(Ok(chunk.to_vec())).unwrap();
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        proxy.lose_acknowledgement();
        drop(drip.send);
    };
    let (object, ()) =
        soon(async { tokio::join!(bucket.put("a", BTreeMap::new(), &mut reader), losing) }).await;
    object.unwrap();
    assert_eq!(get(&bucket, "a").await.unwrap(), content);
    assert_eq!(count(&jetstream(&server.url()).await, "$O.snapshots.C.>").await, 8);
}

#[tokio::test]
async fn an_upload_that_fails_is_never_seen_and_leaves_nothing() {
    let server = Server::start().await.unwrap();
    let (bucket, jetstream) = (bucket(&server.url()).await, jetstream(&server.url()).await);
    put(&bucket, "a", b"before").await.unwrap();
    let (mut reader, drip) = dripping(usize::MAX);
    drip.send.send(Ok(content(HALF))).unwrap();
    drip.send.send(Err(std::io::Error::other("the disk is gone"))).unwrap();
    let error = soon(bucket.put("a", BTreeMap::new(), &mut reader)).await.unwrap_err();
    assert!(matches!(error, BucketError::Source { .. }), "{error:?}");
    assert_eq!(get(&bucket, "a").await.unwrap(), b"before");
    assert_eq!(count(&jetstream, "$O.snapshots.C.>").await, 1);
}

#[tokio::test]
async fn a_reader_that_yields_nothing_fails_in_time() {
    let server = Server::start().await.unwrap();
    let impatient = BucketConfig { patience: Duration::from_millis(300), ..config() };
    let bucket = bucket_with(&server.url(), impatient).await;
    let (mut reader, drip) = dripping(usize::MAX);
    drip.send.send(Ok(content(HALF))).unwrap();
    let error = soon(bucket.put("a", BTreeMap::new(), &mut reader)).await.unwrap_err();
    assert!(
        matches!(&error, BucketError::Source { source, .. } if source.kind() == std::io::ErrorKind::TimedOut),
        "{error:?}"
    );
    drop(drip);
    assert_eq!(names(&bucket).await, [""; 0]);
}

#[tokio::test]
async fn an_abandoned_upload_is_swept_and_one_under_way_is_not() {
    let server = Server::start().await.unwrap();
    let config = BucketConfig { abandoned_after: Duration::from_secs(2), ..config() };
    let (bucket, jetstream) = (bucket_with(&server.url(), config).await, jetstream(&server.url()).await);
    let (mut reader, drip) = dripping(HALF);
    drip.send.send(Ok(content(HALF))).unwrap();
    let dying = {
        let bucket = bucket.clone();
        tokio::spawn(async move { bucket.put("a", BTreeMap::new(), &mut reader).await })
    };
    soon(drip.asked).await.unwrap();
    put(&bucket, "b", b"1").await.unwrap();
    assert_eq!(count(&jetstream, "$O.snapshots.C.>").await, 5, "an upload under way was swept");
    dying.abort();
    tokio::time::sleep(Duration::from_secs(2)).await;
    put(&bucket, "b", b"2").await.unwrap();
    assert_eq!(count(&jetstream, "$O.snapshots.C.>").await, 1);
    assert_eq!(names(&bucket).await, ["b"]);
}

#[tokio::test]
async fn what_is_removed_while_it_is_read_is_no_object() {
    let server = Server::start().await.unwrap();
    let bucket = bucket(&server.url()).await;
    put(&bucket, "a", &content(40 * HALF)).await.unwrap();
    let remover = bucket.clone();
    let act = Some(Box::pin(async move { remover.remove("a").await.unwrap() }));
    let mut writer = Watched { taken: Arc::default(), at: 6 * HALF, act };
    let error = soon(bucket.get("a", &mut writer)).await.unwrap_err();
    assert!(matches!(error, BucketError::NoObject { .. }), "{error:?}");
    assert_eq!(count(&jetstream(&server.url()).await, "$O.snapshots.>").await, 0);
}

#[tokio::test]
async fn gives_up_when_the_server_does_not_come_back() {
    let mut server = Server::start().await.unwrap();
    let impatient = BucketConfig { patience: Duration::from_secs(1), ..config() };
    let bucket = bucket_with(&server.url(), impatient).await;
    put(&bucket, "a", b"1").await.unwrap();
    server.kill().await.unwrap();
    let begun = std::time::Instant::now();
    assert!(put(&bucket, "a", b"2").await.unwrap_err().is_unavailable());
    assert!(get(&bucket, "a").await.unwrap_err().is_unavailable());
    assert!(bucket.list("").await.unwrap_err().is_unavailable());
    assert!(bucket.remove("a").await.unwrap_err().is_unavailable());
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_cluster_that_loses_the_bucket_s_leader_loses_no_upload() {
    let mut cluster = Cluster::start().await.unwrap();
    let config = BucketConfig { replicas: 3, patience: Duration::from_secs(40), ..config() };
    let (bucket, content) = (bucket_with(&cluster.url(), config).await, content(2 * HALF));
    let (mut reader, drip) = dripping(HALF);
    drip.send.send(Ok(content[..HALF].to_vec())).unwrap();
    let killing = async {
        drip.asked.await.unwrap();
        let leader = cluster.leader_of(super::bed::STREAM).await.unwrap();
        cluster.kill(leader).await.unwrap();
        drip.send.send(Ok(content[HALF..].to_vec())).unwrap();
        drop(drip.send);
    };
    let (object, ()) =
        soon(async { tokio::join!(bucket.put("a", BTreeMap::new(), &mut reader), killing) }).await;
    object.unwrap();
    assert_eq!(get(&bucket, "a").await.unwrap(), content);
}
