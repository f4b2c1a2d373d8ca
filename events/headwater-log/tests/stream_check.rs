//! The check of a stream, on real logs: what it reads of them, and that it sees what was done to a stream.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::{self, stream};
use headwater_event::{Aggregate, Domain, Envelope};
use headwater_log::testkit::{
    EventName, Finding, Proxy, Server, StreamCheck, StreamCheckError, Told, Witness,
};
use headwater_log::{
    Append, AppendError, Appended, EmbeddedLog, EventLog as _, JetStreamConfig, JetStreamLog, Log,
};

fn bank() -> Domain {
    "bank".parse().unwrap()
}

fn append(account: &str, expected: u64, ids: &[&str]) -> Append {
    let event = |id: &&str| {
        Envelope::builder(*id, "/bank", "dev.headwater.bank.account.deposited.v1")
            .subject(account)
            .json("{}", "urn:test:deposited")
            .build()
            .unwrap()
    };
    let aggregate = Aggregate::new(bank(), "account", account).unwrap();
    Append { aggregate, expected, events: ids.iter().map(event).collect() }
}

fn name(id: &str) -> EventName {
    EventName { source: "/bank".to_owned(), id: id.to_owned() }
}

fn embedded() -> (Log, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (Arc::new(EmbeddedLog::open(directory.path()).unwrap()), directory)
}

async fn jetstream(url: &str, config: JetStreamConfig) -> (Log, async_nats::Client) {
    let client = async_nats::connect(url).await.unwrap();
    (Arc::new(JetStreamLog::new(client.clone(), config)), client)
}

/// Every kind of answer but one: a single event, a repeated one, a batch, a conflict, a refusal.
async fn write_a_little(log: &Log) {
    log.open(&bank()).await.unwrap();
    log.append(append("ann", 0, &["c1/0"])).await.unwrap();
    log.append(append("bob", 0, &["c2/0"])).await.unwrap();
    let repeated = log.append(append("ann", 0, &["c1/0"])).await.unwrap();
    assert_eq!(repeated, Appended { last: 1, duplicate: true });
    log.append(append("ann", 0, &["c3/0", "c3/1", "c3/2"])).await.unwrap_err();
    log.append(append("ann", 1, &["c3/0", "c3/1", "c3/2"])).await.unwrap();
    log.append(append("bob", 2, &[])).await.unwrap_err();
    log.append(append("bob", 2, &["c4/0"])).await.unwrap();
}

#[tokio::test]
async fn the_embedded_log_keeps_its_word() {
    let (log, _directory) = embedded();
    let witness = Witness::of(log.clone());
    write_a_little(&(witness.clone() as Log)).await;
    let check = StreamCheck::of_log(&log, &bank()).await.unwrap().with_claims(witness.claims());
    let report = check.report();
    report.assert_clean();
    let counted = (report.events(), report.guarded_decisions(), report.claimed_decisions());
    assert_eq!(counted, (6, 0, 4));
    assert_eq!(report.conflicts(), 1);
}

#[tokio::test]
async fn a_broker_s_messages_say_on_which_versions_they_were_decided() {
    let server = Server::start().await.unwrap();
    let (log, client) = jetstream(&server.url(), JetStreamConfig::default()).await;
    let witness = Witness::of(log.clone());
    write_a_little(&(witness.clone() as Log)).await;
    for check in [
        StreamCheck::of_broker(&client, &bank()).await.unwrap(),
        StreamCheck::of_log(&log, &bank()).await.unwrap(),
    ] {
        check.report().assert_clean();
        check.with_claims(witness.claims()).report().assert_clean();
    }
    let report = StreamCheck::of_broker(&client, &bank()).await.unwrap().report();
    assert_eq!((report.events(), report.guarded_decisions()), (6, 4));
}

#[tokio::test]
async fn an_append_whose_answer_is_lost_or_not_waited_for_was_told_nothing() {
    let server = Server::start().await.unwrap();
    let (direct, _) = jetstream(&server.url(), JetStreamConfig::default()).await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let limit = Duration::from_millis(500);
    let config = JetStreamConfig { answer_timeout: limit, deadline: limit, ..JetStreamConfig::default() };
    let (log, _) = jetstream(&proxy.url(), config).await;
    let witness = Witness::of(log);
    witness.open(&bank()).await.unwrap();
    proxy.drop_replies();
    let error = witness.append(append("ann", 0, &["c1/0"])).await.unwrap_err();
    assert!(matches!(error, AppendError::Unknown { .. }), "{error:?}");
    drop(witness.begin_append(append("bob", 0, &["c2/0"])).await.unwrap());
    // It is on its way, and nobody is told when it arrives.
    while direct.info(&bank()).await.unwrap().last < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let claims = witness.claims();
    assert_eq!(claims.iter().map(|claim| &claim.told).collect::<Vec<_>>(), [&Told::Nothing, &Told::Nothing]);
    let report = StreamCheck::of_log(&direct, &bank()).await.unwrap().with_claims(claims).report();
    report.assert_clean();
    assert_eq!(report.unknown(), 2);
}

#[tokio::test]
async fn a_deleted_message_and_one_without_a_guard_are_found() {
    let server = Server::start().await.unwrap();
    let (log, client) = jetstream(&server.url(), JetStreamConfig::default()).await;
    // A stream that can be damaged, as the log itself never makes one.
    let config = stream::Config {
        name: bank().stream(),
        subjects: vec![bank().subjects()],
        allow_atomic_publish: true,
        allow_direct: true,
        ..Default::default()
    };
    let broker = jetstream::new(client.clone());
    let stream = broker.create_stream(config).await.unwrap();
    let witness = Witness::of(log);
    for (expected, id) in [(0, "c1/0"), (1, "c2/0")] {
        witness.append(append("ann", expected, &[id])).await.unwrap();
    }
    let message = stream.get_raw_message(2).await.unwrap();
    let unguarded: HeaderMap = message
        .headers
        .iter()
        .filter(|(name, _)| !AsRef::<str>::as_ref(name).starts_with("Nats-"))
        .flat_map(|(name, values)| values.iter().map(move |value| (name.clone(), value.clone())))
        .collect();
    let published = broker.publish_with_headers(message.subject, unguarded, message.payload).await.unwrap();
    assert_eq!(published.await.unwrap().sequence, 3);
    stream.delete_message(1).await.unwrap();

    let check = StreamCheck::of_broker(&client, &bank()).await.unwrap().with_claims(witness.claims());
    let report = check.report();
    let aggregate = append("ann", 0, &[]).aggregate;
    for finding in [
        Finding::Gap { after: 0, next: 2 },
        Finding::StoredTwice { event: name("c2/0"), first: 2, second: 3 },
        Finding::Unguarded { event: name("c2/0"), sequence: 3 },
        Finding::Lost { event: name("c1/0"), aggregate, said: 1 },
    ] {
        assert!(report.findings().contains(&finding), "{finding} is not in {report}");
    }
}

#[tokio::test]
async fn what_is_no_event_can_t_be_checked() {
    let server = Server::start().await.unwrap();
    let (log, client) = jetstream(&server.url(), JetStreamConfig::default()).await;
    log.open(&bank()).await.unwrap();
    let published = jetstream::new(client.clone()).publish("evt.bank.noise", "".into()).await.unwrap();
    published.await.unwrap();
    let error = StreamCheck::of_broker(&client, &bank()).await.unwrap_err();
    assert!(matches!(error, StreamCheckError::NoAggregate { sequence: 1, .. }), "{error:?}");
    let error = StreamCheck::of_log(&log, &bank()).await.unwrap_err();
    assert!(matches!(error, StreamCheckError::Read(_)), "{error:?}");
}
