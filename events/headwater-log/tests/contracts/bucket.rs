use std::time::Duration;

use async_nats::jetstream::stream::Config;
use headwater_log::service::AnnounceError;
use headwater_log::testkit::Server;

use super::bed::{client, contracts, keys, publisher, reader, start};

fn config(age: Duration) -> Config {
    Config {
        name: "KV_HEADWATER_CONTRACTS".to_owned(),
        subjects: vec!["$KV.HEADWATER_CONTRACTS.>".to_owned()],
        max_age: age,
        duplicate_window: age,
        max_messages_per_subject: 5,
        ..Config::default()
    }
}

#[tokio::test]
async fn takes_a_bucket_that_somebody_else_has_made_if_it_forgets() {
    let server = Server::start().await.unwrap();
    let jetstream = async_nats::jetstream::new(client(&server.url()).await);
    jetstream.create_stream(config(Duration::from_secs(5))).await.unwrap();
    let _announced = start(&server.url(), publisher("p1", "integer")).await.unwrap();
}

#[tokio::test]
async fn refuses_a_bucket_in_which_dead_services_would_stay() {
    let server = Server::start().await.unwrap();
    let jetstream = async_nats::jetstream::new(client(&server.url()).await);
    let wrong = Config { duplicate_window: Duration::from_secs(60), ..config(Duration::ZERO) };
    jetstream.create_stream(wrong).await.unwrap();
    let error = start(&server.url(), publisher("p1", "integer")).await.unwrap_err();
    assert!(matches!(error, AnnounceError::Bucket { .. }), "{error:?}");
    assert!(error.to_string().contains("`nats kv del HEADWATER_CONTRACTS`"), "{error}");
}

#[tokio::test]
async fn passes_over_what_it_can_not_read() {
    let server = Server::start().await.unwrap();
    let _announced = start(&server.url(), publisher("p1", "integer")).await.unwrap();
    let client = client(&server.url()).await;
    let jetstream = async_nats::jetstream::new(client.clone());
    let forged = publisher("p1", "string").to_json().unwrap();
    let newer = br#"{"format": 7, "service": "board"}"#.to_vec();
    for (key, value) in
        [("a.text", b"hello".to_vec()), ("board.b1", newer), ("board.b2", forged), ("deep.x.y", vec![])]
    {
        let subject = format!("$KV.HEADWATER_CONTRACTS.{key}");
        jetstream.publish(subject, value.into()).await.unwrap().await.unwrap();
    }

    let _reader = start(&server.url(), reader("r1", "integer")).await.unwrap();
    let running = contracts(&server.url()).await.running().await.unwrap();
    assert_eq!(keys(&running), ["delay-stats.r1", "flight-ops.p1"]);
    let reasons: Vec<_> = running.unreadable.iter().map(|entry| (&*entry.key, &*entry.reason)).collect();
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    for (index, wanted) in
        ["it is no announcement", "format 7", "claims to be by flight-ops"].iter().enumerate()
    {
        assert!(reasons[index].1.contains(wanted), "{reasons:?}");
    }
}

#[tokio::test]
async fn says_so_when_an_announcement_is_larger_than_the_server_takes() {
    let server = Server::builder().max_payload(600).start().await.unwrap();
    let error = start(&server.url(), publisher("p1", "integer")).await.unwrap_err();
    assert!(matches!(error, AnnounceError::TooLarge { max: 600, .. }), "{error:?}");
}

#[tokio::test]
async fn says_so_when_nobody_answers() {
    let mut server = Server::start().await.unwrap();
    let contracts = contracts(&server.url()).await.within(Duration::from_secs(1));
    server.kill().await.unwrap();
    let error = contracts.running().await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
}

#[tokio::test]
async fn says_so_when_the_account_has_no_jetstream() {
    let accounts = "accounts { PLAIN: { users: [{ user: ana, password: pw }] } }";
    let server = Server::builder().config(accounts).start().await.unwrap();
    let url = format!("nats://ana:pw@127.0.0.1:{}", server.port());
    let error = start(&url, publisher("p1", "integer")).await.unwrap_err();
    assert!(matches!(error, AnnounceError::Refused { .. }), "{error:?}");
    assert!(error.to_string().ends_with("switch JetStream on for the user's account"), "{error}");
}
