use std::time::{Duration, Instant};

use headwater_log::service::AnnounceError;
use headwater_log::testkit::Server;

use super::bed::{publisher, reader, start};

/// A server whose only user may publish on these subjects.
async fn server_that_allows(publish: &[&str], subscribe: &str) -> (Server, String) {
    let config = format!(
        "authorization {{ users: [{{ user: ana, password: pw, permissions: {{ publish: {publish:?}, subscribe: \
         {subscribe:?} }} }}] }}"
    );
    let server = Server::builder().config(config).start().await.unwrap();
    let url = format!("nats://ana:pw@127.0.0.1:{}", server.port());
    (server, url)
}

const READ: [&str; 2] =
    ["$JS.API.STREAM.INFO.KV_HEADWATER_CONTRACTS", "$JS.API.STREAM.MSG.GET.KV_HEADWATER_CONTRACTS"];
const CREATE: &str = "$JS.API.STREAM.CREATE.KV_HEADWATER_CONTRACTS";

async fn denied(publish: &[&str], subscribe: &str) -> String {
    let (_server, url) = server_that_allows(publish, subscribe).await;
    let begin = Instant::now();
    let error = start(&url, publisher("p1", "integer")).await.unwrap_err();
    assert!(matches!(error, AnnounceError::Denied { .. }), "{error:?}");
    assert!(begin.elapsed() < Duration::from_secs(5), "it waits for an answer that never comes");
    error.to_string()
}

#[tokio::test]
async fn says_which_permission_is_missing() {
    for (allowed, missing) in [
        (vec!["nothing"], "`$JS.API.STREAM.INFO.KV_HEADWATER_CONTRACTS`"),
        (vec![READ[0]], "`$JS.API.STREAM.CREATE.KV_HEADWATER_CONTRACTS`"),
        (vec![READ[0], CREATE], "`$KV.HEADWATER_CONTRACTS.flight-ops.*`"),
    ] {
        let error = denied(&allowed, "_INBOX.>").await;
        assert!(error.ends_with(&format!("must be allowed to publish to {missing}")), "{error}");
    }
    let error = denied(&[">"], "nothing").await;
    assert!(error.ends_with("must be allowed to subscribe to `_INBOX.>`"), "{error}");
}

#[tokio::test]
async fn needs_no_more_than_reading_and_its_own_key() {
    let own = "$KV.HEADWATER_CONTRACTS.flight-ops.*";
    let (_server, url) = server_that_allows(&[READ[0], READ[1], CREATE, own], "_INBOX.>").await;
    let announced = start(&url, publisher("p1", "integer")).await.unwrap();
    let error = start(&url, reader("r1", "integer")).await.unwrap_err();
    assert!(error.to_string().contains("`$KV.HEADWATER_CONTRACTS.delay-stats.*`"), "{error}");
    announced.close().await;
}
