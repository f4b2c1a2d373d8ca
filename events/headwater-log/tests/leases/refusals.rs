//! What can't be is said at once.

use std::time::{Duration, Instant};

use headwater_log::testkit::Server;
use headwater_log::{LeaseConfig, LeaseError, Leases};

use super::bed::{client, group, leases};

group![
    says_which_permission_is_missing,
    needs_no_more_than_its_bucket,
    a_bucket_that_would_forget_leases_is_refused,
    names_and_payloads_have_limits,
];

/// A server whose user may publish on these subjects.
async fn server_that_allows(publish: &[&str], subscribe: &str) -> (Server, String) {
    let config = format!(
        "authorization {{ users: [{{ user: ana, password: pw, permissions: {{ publish: {publish:?}, subscribe: \
         {subscribe:?} }} }}] }}"
    );
    let server = Server::builder().config(config).start().await.unwrap();
    let url = format!("nats://ana:pw@127.0.0.1:{}", server.port());
    (server, url)
}

const ALLOWED: [&str; 5] = [
    "$JS.API.STREAM.INFO.KV_LEASES",
    "$JS.API.STREAM.CREATE.KV_LEASES",
    "$KV.LEASES.group.>",
    "$JS.API.STREAM.MSG.GET.KV_LEASES",
    "$JS.API.DIRECT.GET.KV_LEASES",
];

async fn says_which_permission_is_missing() {
    for (number, missing) in ALLOWED.iter().enumerate() {
        let allowed = if number == 0 { &["nothing"] } else { &ALLOWED[..number] };
        let (_server, url) = server_that_allows(allowed, "_INBOX.>").await;
        let leases = leases(&url).await;
        let begun = Instant::now();
        let error = match leases.join("group", "").await {
            Ok(member) => member.try_acquire("it").await.unwrap_err(),
            Err(error) => error,
        };
        let missing = missing.replace("group.>", "group.member.");
        assert!(matches!(&error, LeaseError::Denied { subject } if subject.contains(&missing)), "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "it waits for an answer that never comes");
    }
    let (_server, url) = server_that_allows(&[">"], "nothing").await;
    let error = leases(&url).await.join("group", "").await.unwrap_err();
    assert!(matches!(&error, LeaseError::Denied { subject } if subject.contains("_INBOX.")), "{error:?}");
}

async fn needs_no_more_than_its_bucket() {
    let (_server, url) = server_that_allows(&ALLOWED, "_INBOX.>").await;
    let leases = leases(&url).await;
    let member = leases.join("group", "").await.unwrap();
    let lease = member.acquire("it").await.unwrap();
    assert!(leases.join("other", "").await.is_err());
    lease.release().await.unwrap();
    member.leave().await;
}

async fn a_bucket_that_would_forget_leases_is_refused() {
    let server = Server::start().await.unwrap();
    let (client, denials) = client(&server.url()).await;
    let config = async_nats::jetstream::stream::Config {
        name: "KV_LEASES".to_owned(),
        subjects: vec!["$KV.LEASES.>".to_owned()],
        max_messages_per_subject: 1,
        max_age: Duration::from_secs(60),
        ..Default::default()
    };
    async_nats::jetstream::new(client.clone()).create_stream(config).await.unwrap();
    let error = Leases::new(client, denials, LeaseConfig::default()).join("group", "").await.unwrap_err();
    assert!(matches!(error, LeaseError::Unfit { .. }), "{error:?}");
    assert!(error.to_string().contains("by their age"), "{error}");
}

async fn names_and_payloads_have_limits() {
    let server = Server::start().await.unwrap();
    let leases = leases(&server.url()).await;
    for name in ["", "a.b", "*", ">", "a b", "é"] {
        assert!(matches!(leases.join(name, "").await, Err(LeaseError::Name { .. })), "{name:?}");
    }
    let long = "x".repeat(1025);
    assert!(matches!(leases.join("group", long).await, Err(LeaseError::PayloadTooLarge { .. })));
    let member = leases.join("group", "x".repeat(1024)).await.unwrap();
    assert!(matches!(member.try_acquire("a.b").await, Err(LeaseError::Name { .. })));
}
