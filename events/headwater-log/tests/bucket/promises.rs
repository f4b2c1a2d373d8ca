//! What each bucket promises.

use std::collections::BTreeMap;

use headwater_log::testkit::{Cluster, Server};
use headwater_log::{Bucket, BucketConfig, BucketError, DirectoryBucket};

use super::bed::{bucket, bucket_with, config, content, soon};

async fn put(bucket: &dyn Bucket, name: &str, content: &[u8], metadata: &[(&str, &str)]) {
    let metadata: BTreeMap<_, _> = metadata.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
    let object = soon(bucket.put(name, metadata.clone(), &mut &*content)).await.unwrap();
    assert_eq!((&*object.name, object.size, object.metadata), (name, content.len() as u64, metadata));
}

async fn get(bucket: &dyn Bucket, name: &str) -> Result<Vec<u8>, BucketError> {
    let mut read = Vec::new();
    soon(bucket.get(name, &mut read)).await.map(|_| read)
}

async fn names(bucket: &dyn Bucket, prefix: &str) -> Vec<String> {
    soon(bucket.list(prefix)).await.unwrap().into_iter().map(|object| object.name).collect()
}

async fn keeps_its_promises(bucket: &dyn Bucket) {
    assert_eq!(names(bucket, "").await, [""; 0]);
    assert!(matches!(get(bucket, "nothing").await, Err(BucketError::NoObject { .. })));
    bucket.remove("nothing").await.unwrap();

    // Of each size around that of a chunk, and of none.
    for (number, bytes) in [0, 1, 262_143, 262_144, 262_145, 5_000_000].into_iter().enumerate() {
        let (name, content) = (format!("stats/{number}"), content(bytes));
        put(bucket, &name, &content, &[("position", "7"), ("fingerprint", "ä \"1\"")]).await;
        assert_eq!(get(bucket, &name).await.unwrap(), content);
        assert_eq!(soon(bucket.newest("stats/")).await.unwrap().unwrap().name, name);
    }
    put(bucket, "board/x y.z*>", b"other", &[]).await;
    assert_eq!(
        names(bucket, "stats/").await,
        ["stats/5", "stats/4", "stats/3", "stats/2", "stats/1", "stats/0"]
    );
    assert_eq!(names(bucket, "board").await, ["board/x y.z*>"]);
    let newest = soon(bucket.newest("stats/")).await.unwrap().unwrap();
    assert_eq!(newest.metadata["fingerprint"], "ä \"1\"");

    // What is put again is replaced, and is the newest.
    put(bucket, "stats/0", b"new", &[("position", "8")]).await;
    assert_eq!(get(bucket, "stats/0").await.unwrap(), b"new");
    assert_eq!(names(bucket, "stats/").await[0], "stats/0");
    assert_eq!(names(bucket, "stats/").await.len(), 6);

    bucket.remove("stats/0").await.unwrap();
    assert!(matches!(get(bucket, "stats/0").await, Err(BucketError::NoObject { .. })));
    assert_eq!(names(bucket, "stats/").await.len(), 5);
    put(bucket, "stats/0", b"again", &[]).await;
    assert_eq!(get(bucket, "stats/0").await.unwrap(), b"again");

    for name in ["", "a\nb", &"x".repeat(121)] {
        let put = bucket.put(name, BTreeMap::new(), &mut &b""[..]).await;
        assert!(matches!(put, Err(BucketError::Name { .. })), "{name:?}");
    }
    let metadata = [("much".to_owned(), "x".repeat(40_000))].into();
    let put = bucket.put("a", metadata, &mut &b""[..]).await;
    assert!(matches!(put, Err(BucketError::MetadataTooLarge { .. })));
}

#[tokio::test]
async fn a_bucket_on_a_server_keeps_its_promises() {
    let server = Server::start().await.unwrap();
    keeps_its_promises(&bucket(&server.url()).await).await;
}

#[tokio::test]
async fn a_bucket_with_three_replicas_keeps_its_promises() {
    let cluster = Cluster::start().await.unwrap();
    let bucket = bucket_with(&cluster.url(), BucketConfig { replicas: 3, ..config() }).await;
    // Any server answers; wait for what must be seen.
    put(&bucket, "a", b"1", &[]).await;
    while names(&bucket, "").await != ["a"] {}
    let content = content(3_000_000);
    put(&bucket, "b", &content, &[]).await;
    assert_eq!(get(&bucket, "b").await.unwrap(), content);
    bucket.remove("b").await.unwrap();
    assert!(matches!(get(&bucket, "b").await, Err(BucketError::NoObject { .. })));
}

#[tokio::test]
async fn a_bucket_in_a_directory_keeps_its_promises() {
    let directory = tempfile::tempdir().unwrap();
    keeps_its_promises(&DirectoryBucket::open(directory.path()).await.unwrap()).await;
    // And leaves nothing behind: six objects of two files each, and the one with the odd name.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 14);
}

#[tokio::test]
async fn a_small_message_limit_makes_small_chunks() {
    let server = Server::builder().max_payload(64 * 1024).start().await.unwrap();
    let (bucket, content) = (bucket(&server.url()).await, content(300_000));
    put(&bucket, "a", &content, &[]).await;
    assert_eq!(get(&bucket, "a").await.unwrap(), content);
}
