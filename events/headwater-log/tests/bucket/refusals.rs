//! What can't be is said at once.

use std::time::{Duration, Instant};

use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{Bucket as _, BucketConfig, BucketError, JetStreamBucket};

use super::bed::{bucket, bucket_with, config, content, get, jetstream, put};

/// A server whose user may publish on these subjects.
async fn server_that_allows(publish: &[&str]) -> (Server, String) {
    let config = format!(
        "authorization {{ users: [{{ user: ana, password: pw, permissions: {{ publish: {publish:?}, subscribe: \
         \"_INBOX.>\" }} }}] }}"
    );
    let server = Server::builder().config(config).start().await.unwrap();
    let url = format!("nats://ana:pw@127.0.0.1:{}", server.port());
    (server, url)
}

const ALLOWED: [&str; 6] = [
    "$JS.API.STREAM.INFO.OBJ_snapshots",
    "$JS.API.STREAM.CREATE.OBJ_snapshots",
    "$O.snapshots.>",
    "$JS.API.STREAM.MSG.GET.OBJ_snapshots",
    "$JS.API.DIRECT.GET.OBJ_snapshots",
    "$JS.API.STREAM.PURGE.OBJ_snapshots",
];

#[tokio::test]
async fn says_which_permission_is_missing() {
    for (number, missing) in ALLOWED.iter().enumerate() {
        let allowed = if number == 0 { &["nothing"] } else { &ALLOWED[..number] };
        let (_server, url) = server_that_allows(allowed).await;
        let bucket = bucket(&url).await;
        let begun = Instant::now();
        let error = match put(&bucket, "a", b"1").await {
            Err(error) => error,
            Ok(_) => match get(&bucket, "a").await {
                Err(error) => error,
                Ok(_) => bucket.remove("a").await.unwrap_err(),
            },
        };
        let missing = missing.trim_end_matches('>');
        assert!(
            matches!(&error, BucketError::Denied { subject, .. } if subject.contains(missing)),
            "{error:?}"
        );
        assert!(begun.elapsed() < Duration::from_secs(5), "it waits for an answer that never comes");
    }
}

#[tokio::test]
async fn needs_no_more_than_its_own_stream() {
    let (_server, url) = server_that_allows(&ALLOWED).await;
    let (bucket, content) = (bucket(&url).await, content(1_000_000));
    put(&bucket, "a", &content).await.unwrap();
    put(&bucket, "a", &content).await.unwrap();
    assert_eq!(get(&bucket, "a").await.unwrap(), content);
    bucket.remove("a").await.unwrap();
}

#[tokio::test]
async fn a_full_bucket_refuses_what_is_new_and_keeps_what_it_has() {
    let server = Server::start().await.unwrap();
    let small = BucketConfig { bytes_max: Some(2 << 20), ..config() };
    let bucket = bucket_with(&server.url(), small).await;
    let content = content(1 << 20);
    put(&bucket, "a", &content).await.unwrap();
    let begun = Instant::now();
    let error = put(&bucket, "b", &super::bed::content(4 << 20)).await.unwrap_err();
    assert!(matches!(error, BucketError::Refused { .. }), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "it tries a full bucket again and again");
    assert_eq!(get(&bucket, "a").await.unwrap(), content);
    // The chunks that fitted in are gone.
    put(&bucket, "b", b"small").await.unwrap();
}

#[tokio::test]
async fn a_bucket_that_would_lose_objects_is_refused() {
    let server = Server::start().await.unwrap();
    let stream = async_nats::jetstream::stream::Config {
        name: "OBJ_snapshots".to_owned(),
        subjects: vec!["$O.snapshots.C.>".to_owned(), "$O.snapshots.M.>".to_owned()],
        max_age: Duration::from_secs(60),
        ..Default::default()
    };
    jetstream(&server.url()).await.create_stream(stream).await.unwrap();
    let error = put(&bucket(&server.url()).await, "a", b"1").await.unwrap_err();
    assert!(matches!(error, BucketError::Unfit { .. }), "{error:?}");
}

#[tokio::test]
async fn a_bucket_s_name_is_a_token() {
    let server = Server::start().await.unwrap();
    let (client, denials) =
        Connection::to(&server.url()).unwrap().connect_watched("bucket-test").await.unwrap();
    for name in ["", "a.b", "*", "a b", "é"] {
        let bucket = JetStreamBucket::new(client.clone(), denials.clone(), BucketConfig::new(name));
        assert!(matches!(bucket, Err(BucketError::Name { .. })), "{name:?}");
    }
}
