//! What isn't whole is never believed.

use headwater_log::testkit::Server;
use headwater_log::{Bucket as _, BucketError, DirectoryBucket};

use super::bed::{STREAM, bucket, content, get, jetstream, put};

#[tokio::test]
async fn a_missing_chunk_is_noticed_at_once() {
    let server = Server::start().await.unwrap();
    let (bucket, jetstream) = (bucket(&server.url()).await, jetstream(&server.url()).await);
    for missing in [0, 2, 3] {
        put(&bucket, "a", &content(1_000_000)).await.unwrap();
        let stream = jetstream.get_stream(STREAM).await.unwrap();
        let first = stream.cached_info().state.last_sequence - 4;
        stream.delete_message(first + missing).await.unwrap();
        let begun = std::time::Instant::now();
        let error = get(&bucket, "a").await.unwrap_err();
        assert!(
            matches!(&error, BucketError::Damaged { problem, .. } if problem.contains("missing")),
            "{error:?}"
        );
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "it waits for a chunk that never comes");
        bucket.remove("a").await.unwrap();
    }
}

#[tokio::test]
async fn changed_chunks_are_noticed() {
    let server = Server::start().await.unwrap();
    let (bucket, jetstream) = (bucket(&server.url()).await, jetstream(&server.url()).await);
    put(&bucket, "a", b"what was put").await.unwrap();
    let stream = jetstream.get_stream(STREAM).await.unwrap();
    let chunk = stream.get_last_raw_message_by_subject("$O.snapshots.C.>").await.unwrap();
    for (changed, problem) in [("what was PUT", "digest"), ("what", "4 bytes instead of 12")] {
        stream.purge().filter("$O.snapshots.C.>").await.unwrap();
        jetstream.publish(chunk.subject.clone(), changed.into()).await.unwrap().await.unwrap();
        let error = get(&bucket, "a").await.unwrap_err();
        assert!(
            matches!(&error, BucketError::Damaged { problem: p, .. } if p.contains(problem)),
            "{error:?}"
        );
    }
    // It can be put again.
    put(&bucket, "a", b"what was put").await.unwrap();
    assert_eq!(get(&bucket, "a").await.unwrap(), b"what was put");
}

#[tokio::test]
async fn a_description_that_is_none_hides_nothing_else_and_can_be_replaced() {
    let server = Server::start().await.unwrap();
    let (bucket, jetstream) = (bucket(&server.url()).await, jetstream(&server.url()).await);
    put(&bucket, "good", b"1").await.unwrap();
    put(&bucket, "bad", b"2").await.unwrap();
    // `bad` in base64.
    jetstream.publish("$O.snapshots.M.YmFk", "{".into()).await.unwrap().await.unwrap();
    assert!(matches!(get(&bucket, "bad").await, Err(BucketError::Damaged { .. })));
    assert_eq!(super::bed::names(&bucket).await, ["good"]);
    put(&bucket, "bad", b"3").await.unwrap();
    assert_eq!(get(&bucket, "bad").await.unwrap(), b"3");
    jetstream.publish("$O.snapshots.M.YmFk", "{".into()).await.unwrap().await.unwrap();
    bucket.remove("bad").await.unwrap();
    assert!(matches!(get(&bucket, "bad").await, Err(BucketError::NoObject { .. })));
}

#[tokio::test]
async fn a_changed_file_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let bucket = DirectoryBucket::open(directory.path()).await.unwrap();
    bucket.put("a", Default::default(), &mut &b"what was put"[..]).await.unwrap();
    let files = || std::fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path());
    let file = files().find(|path| path.extension().unwrap() == "content").unwrap();
    std::fs::write(&file, "what was PUT").unwrap();
    let damaged = bucket.get("a", &mut Vec::new()).await;
    assert!(matches!(damaged, Err(BucketError::Damaged { .. })), "{damaged:?}");
    std::fs::remove_file(file).unwrap();
    let damaged = bucket.get("a", &mut Vec::new()).await;
    assert!(matches!(damaged, Err(BucketError::Damaged { .. })), "{damaged:?}");
}
