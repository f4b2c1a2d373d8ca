use std::sync::atomic::Ordering;

use headwater_log::testkit::Server;
use headwater_subscriber::{Builds, Projection as _, ReplicaStamp, Replicas, StoreKind};
use tempfile::TempDir;

use crate::bed::{APPLIED, Accounts, bucket, built, keep_snapshot, log, publish_payments, soon, state};
use crate::common::revenue::Revenue;
use crate::common::running::Running;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_replica_becomes_what_one_that_read_everything_is_and_applies_only_what_came_later() {
    let server = Server::start().await.unwrap();
    let (log, bucket) = (log(&server).await, bucket(&server).await);
    let mut last = publish_payments(&log, 0..3000).await;
    for (writer, reader) in [
        (StoreKind::Sled, StoreKind::Fjall),
        (StoreKind::Fjall, StoreKind::Sled),
        (StoreKind::Sled, StoreKind::Sled),
        (StoreKind::Fjall, StoreKind::Fjall),
    ] {
        let kept = keep_snapshot::<Accounts>(writer, &log, &bucket, last).await;
        let stamp = ReplicaStamp::of(&kept).unwrap();
        assert_eq!(stamp.positions().of("orders"), last);
        let later = publish_payments(&log, last..last + 50).await;

        let data = TempDir::new().unwrap();
        let replicas = Replicas::new(bucket.clone(), data.path());
        let loaded = soon(replicas.load::<Accounts>(reader, &log)).await.unwrap();
        assert_eq!(loaded, Some(stamp), "{writer} to {reader}");
        let before = APPLIED.load(Ordering::Relaxed);
        let replica = built::<Accounts>(data.path(), reader, &log, later).await;
        assert_eq!(APPLIED.load(Ordering::Relaxed) - before, 50, "{writer} to {reader}");

        let first = TempDir::new().unwrap();
        let from_first = built::<Accounts>(first.path(), reader, &log, later).await;
        assert_eq!(APPLIED.load(Ordering::Relaxed) - before, 50 + later);
        assert!(from_first.len() > 1400, "rows and entries of the index: {}", from_first.len());
        assert!(replica == from_first, "{writer} to {reader}: the states differ");
        assert_eq!(beside(data.path()), Vec::<String>::new());
        last = later;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_of_its_own_stays_and_where_nothing_is_kept_nothing_is_loaded() {
    let server = Server::start().await.unwrap();
    let (log, bucket) = (log(&server).await, bucket(&server).await);
    let (data, store) = (TempDir::new().unwrap(), StoreKind::default());
    publish_payments(&log, 0..10).await;
    let replicas = Replicas::new(bucket.clone(), data.path());
    assert_eq!(soon(replicas.load::<Revenue>(store, &log)).await.unwrap(), None);

    let own = built::<Revenue>(data.path(), store, &log, 10).await;
    publish_payments(&log, 10..20).await;
    keep_snapshot::<Revenue>(store, &log, &bucket, 20).await;
    assert_eq!(soon(replicas.load::<Revenue>(store, &log)).await.unwrap(), None);
    assert!(state::<Revenue>(data.path(), store) == own);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_has_begun_with_nothing_can_still_start_from_a_snapshot() {
    let server = Server::start().await.unwrap();
    let (log, bucket) = (log(&server).await, bucket(&server).await);
    let (data, store) = (TempDir::new().unwrap(), StoreKind::default());
    // Its state has a builder, and no checkpoint.
    Running::<Revenue>::start_in(store, data.path(), &log).stop().await;
    publish_payments(&log, 0..10).await;
    keep_snapshot::<Revenue>(store, &log, &bucket, 10).await;
    let loaded = soon(Replicas::new(bucket, data.path()).load::<Revenue>(store, &log)).await.unwrap();
    assert_eq!(loaded.unwrap().positions().of("orders"), 10);
    assert_eq!(beside(data.path()), Vec::<String>::new());
}

/// What there is beside the build of the projection and its register.
fn beside(data: &std::path::Path) -> Vec<String> {
    let mut names = Vec::new();
    for projection in [Accounts::NAME, Revenue::NAME] {
        let directory = data.join(projection);
        if !directory.exists() {
            continue;
        }
        assert_eq!(Builds::new(data, projection).present().unwrap().len(), 1);
        let entries = std::fs::read_dir(directory).unwrap();
        names.extend(entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()));
    }
    names.retain(|name| name.contains('.') && !name.starts_with("builds."));
    names
}
