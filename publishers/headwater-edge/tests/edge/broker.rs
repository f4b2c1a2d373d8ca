//! A real broker that denies, dies, loses answers and forgets.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use headwater_edge::Limits;
use headwater_event::{Aggregate, Envelope};
use headwater_log::service::Connection;
use headwater_log::testkit::{Proxy, Server};
use headwater_log::{Append, AppendError, JetStreamConfig, JetStreamLog};
use serde_json::json;
use tokio::time::timeout;

use super::answer::Answer;
use super::bed::{Bed, FLIGHT, OTHER_FLIGHT, departed, flights, with};
use super::client::PATIENCE;

/// An edge that gives up soon, behind this address of a broker.
async fn edge(url: &str, config: JetStreamConfig) -> Bed {
    let (client, denials) = Connection::to(url).unwrap().connect_watched("edge-tests").await.unwrap();
    let log = Arc::new(JetStreamLog::watched(client, denials, config));
    let limits = Limits { request: Duration::from_secs(3), ..Limits::default() };
    Bed::over(log, limits, None).await
}

fn impatient() -> JetStreamConfig {
    JetStreamConfig {
        answer_timeout: Duration::from_millis(500),
        deadline: Duration::from_secs(2),
        ..JetStreamConfig::default()
    }
}

/// Sends an event for as long as the edge says that it may succeed later.
async fn until_answered(bed: &Bed, event: &serde_json::Value) -> Answer {
    let sending = async {
        loop {
            let answer = bed.structured(event).await;
            if answer.body["retryable"] != true {
                return answer;
            }
        }
    };
    timeout(PATIENCE, sending).await.expect("the edge never recovers")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_broker_denies_is_said_at_once_and_nothing_else_is_disturbed() {
    let config = "authorization { users: [ { user: edge, password: pw, permissions: { \
                  publish: { deny: [\"evt.flights.flight.departed.*\"] } } } ] }";
    let server = Server::builder().config(config).start().await.unwrap();
    let bed = edge(&format!("nats://edge:pw@127.0.0.1:{}", server.port()), impatient()).await;
    let answer = bed.structured(&departed("1", FLIGHT)).await;
    insta::assert_json_snapshot!(answer.is_problem("denied").snapshot());
    let cancelled =
        json!({ "type": "dev.headwater.flights.flight.cancelled.v1", "data": { "flight": FLIGHT } });
    bed.structured(&with(departed("2", FLIGHT), cancelled)).await.is_stored();
    assert_eq!(bed.count().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_broker_is_dead_clients_are_told_to_come_back_and_then_each_event_is_stored_once() {
    let mut server = Server::start().await.unwrap();
    let bed = edge(&server.url(), impatient()).await;
    bed.structured(&departed("1", FLIGHT)).await.is_stored();
    server.kill().await.unwrap();
    // One aggregate is known to the edge and the other one would have to be read.
    let known = timeout(PATIENCE, bed.structured(&departed("2", FLIGHT))).await.unwrap();
    assert!(matches!(known.status.as_u16(), 503 | 504), "{known:?}");
    let unread = timeout(PATIENCE, bed.structured(&departed("3", OTHER_FLIGHT))).await.unwrap();
    unread.is_problem("unavailable");
    bed.send(Request::get("/readyz").body(Body::empty()).unwrap()).await.is_problem("unavailable");
    let alive = bed.send(Request::get("/healthz").body(Body::empty()).unwrap()).await;
    assert_eq!(alive.status, 200);
    server.restart().await.unwrap();
    for event in [departed("2", FLIGHT), departed("3", OTHER_FLIGHT)] {
        assert!(until_answered(&bed, &event).await.status.is_success());
        bed.structured(&event).await.is_repeated();
    }
    assert_eq!(bed.count().await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_acknowledgement_is_lost_is_stored_once() {
    let server = Server::start().await.unwrap();
    let proxy = Proxy::start(server.port()).await.unwrap();
    let bed = edge(&proxy.url(), impatient()).await;
    let direct = edge(&server.url(), JetStreamConfig::default()).await;
    bed.structured(&departed("1", FLIGHT)).await.is_stored();
    proxy.drop_replies();
    let lost = timeout(PATIENCE, bed.structured(&departed("2", FLIGHT))).await.unwrap();
    lost.is_problem("unknown-outcome");
    assert_eq!(direct.count().await, 2, "it is stored, and the edge can't know");
    proxy.restore();
    assert_eq!(until_answered(&bed, &departed("2", FLIGHT)).await.is_repeated().sequences(), [2]);
    assert_eq!(direct.structured(&departed("2", FLIGHT)).await.is_repeated().sequences(), [2]);
    assert_eq!(direct.count().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_acknowledgement_is_lost_is_stored_once_however_long_ago_that_was() {
    let server = Server::start().await.unwrap();
    let config = JetStreamConfig { duplicate_window: Duration::from_millis(300), ..impatient() };
    let direct = edge(&server.url(), config.clone()).await;
    let proxy = Proxy::start(server.port()).await.unwrap();
    let bed = edge(&proxy.url(), config).await;
    let batch = [departed("1", FLIGHT), departed("2", OTHER_FLIGHT), departed("3", FLIGHT)];
    // The edge knows both aggregates, so that it sends without having to ask.
    bed.batch(&[departed("4", FLIGHT), departed("5", OTHER_FLIGHT)]).await.is_stored();
    proxy.drop_replies();
    timeout(PATIENCE, bed.batch(&batch)).await.unwrap().is_problem("unknown-outcome");
    assert_eq!(direct.count().await, 5);
    direct.structured(&departed("6", FLIGHT)).await.is_stored();
    the_duplicate_window_passes(&direct).await;
    let count = direct.count().await;
    assert_eq!(direct.batch(&batch).await.is_repeated().sequences(), [3, 5, 4]);
    assert_eq!(direct.another_edge().await.structured(&batch[0]).await.is_repeated().sequences(), [3]);
    assert_eq!(direct.count().await, count);
}

/// Waits until the broker takes an event for new that was stored after all others: it goes by the id, whatever the aggregate.
async fn the_duplicate_window_passes(bed: &Bed) {
    let probe = async |number: usize| {
        let aggregate = Aggregate::new(flights(), "probe", number.to_string()).unwrap();
        let event = Envelope::builder("probe", "/edge-tests", "org.example.flights.probe.probed.v1");
        let event = event.subject(number.to_string()).build().unwrap();
        bed.log.append(Append { aggregate, expected: 0, events: vec![event] }).await
    };
    probe(0).await.unwrap();
    let passing = async {
        for number in 1.. {
            match probe(number).await {
                Ok(_) => return,
                Err(AppendError::Duplicate { .. }) => tokio::time::sleep(Duration::from_millis(20)).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    timeout(PATIENCE, passing).await.expect("the window doesn't pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn several_edges_at_one_broker_are_not_in_each_others_way() {
    let server = Server::start().await.unwrap();
    let edges = [edge(&server.url(), impatient()).await, edge(&server.url(), impatient()).await];
    let clients = (0..40).map(|number: usize| {
        let event = departed(&number.to_string(), FLIGHT);
        let bed = &edges[number % edges.len()];
        async move { assert!(until_answered(bed, &event).await.status.is_success()) }
    });
    futures::future::join_all(clients).await;
    assert_eq!(edges[0].count().await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_is_gone_is_created_again_and_what_was_known_of_it_is_forgotten() {
    let mut server = Server::start().await.unwrap();
    let bed = edge(&server.url(), impatient()).await;
    for id in ["1", "2", "3"] {
        bed.structured(&departed(id, FLIGHT)).await.is_stored();
    }
    server.kill().await.unwrap();
    std::fs::remove_dir_all(server.store_dir()).unwrap();
    server.restart().await.unwrap();
    assert_eq!(until_answered(&bed, &departed("3", FLIGHT)).await.is_stored().sequences(), [1]);
    assert_eq!(bed.structured(&departed("4", FLIGHT)).await.is_stored().sequences(), [2]);
}
