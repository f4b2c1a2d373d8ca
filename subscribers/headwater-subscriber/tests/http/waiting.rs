use std::time::Duration;

use headwater_subscriber::http::{QueryLimits, ReadyWithin};
use serde_json::json;
use tokio::time::Instant;

use crate::bed::Bed;
use crate::common::client::{Answer, get};
use crate::common::shop::{OrderPacked, paid, publish};
use crate::health::figures;

const PATH: &str = "/v1/tables/events/rows/all";

/// Whether so many requests for a row have arrived that have no answer yet.
fn are_waiting(metrics: &Answer, requests: f64) -> bool {
    let in_flight = "headwater_http_requests_in_flight route=/v1/tables/:table/rows/:key";
    figures(metrics).get(in_flight) == Some(&requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_waits_until_the_position_is_reached() {
    let mut bed = Bed::start().await;
    bed.pay("a", 1).await;
    for wanted in ["orders:2", "2", "1,orders:2"] {
        let (address, sequence) = (bed.address.clone(), wanted.to_owned());
        let waiting = tokio::spawn(async move {
            get(&address, &format!("{PATH}?min_position={sequence}&timeout=30s")).await
        });
        if wanted == "orders:2" {
            bed.comes("/metrics", |metrics| are_waiting(metrics, 1.0)).await;
            bed.pay("b", 1).await;
        }
        let answer = waiting.await.unwrap();
        assert_eq!((answer.status, &answer.json()["value"]), (200, &json!(2)), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_is_not_reached_in_time_is_said_not_to_be() {
    let mut bed = Bed::start().await;
    bed.pay("a", 1).await;
    let begun = Instant::now();
    let late = bed.get(&format!("{PATH}?min_position=orders:2&timeout=200ms")).await;
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let document = late.is_problem(504, "not-reached");
    assert_eq!((&document["positions"], &document["retryable"]), (&json!({ "orders": 1 }), &json!(true)));
    assert_eq!(late.header("headwater-position"), Some("orders=1"));
    bed.get(&format!("{PATH}?min_position=2&timeout=31s")).await.is_problem(400, "invalid-query");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_projection_is_waits_like_its_rows_and_passes_no_parameter_over() {
    let mut bed = Bed::start().await;
    bed.pay("a", 1).await;
    assert_eq!(bed.get("/v1?min_position=orders:1").await.json()["positions"], json!({ "orders": 1 }));
    bed.get("/v1?min_position=orders:2&timeout=200ms").await.is_problem(504, "not-reached");
    bed.get("/v1?limit=2").await.is_problem(400, "invalid-query");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told_when_the_projection_halts() {
    let mut bed = Bed::start().await;
    bed.pay("a", 1).await;
    let address = bed.address.clone();
    let waiting =
        tokio::spawn(async move { get(&address, &format!("{PATH}?min_position=9&timeout=30s")).await });
    publish(&bed.log, paid("b", "nobody", 1)).await;
    let document = waiting.await.unwrap().is_problem(503, "halted");
    assert!(document["detail"].as_str().unwrap().contains("has halted in front of sequence 2"), "{document}");
    assert_eq!(document["positions"], json!({ "orders": 1 }));
    // What it has can be read.
    assert_eq!(bed.get(PATH).await.json()["value"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told_when_the_process_ends() {
    let bed = Bed::idle(QueryLimits::default(), ReadyWithin::default()).await;
    let address = bed.address.clone();
    let waiting =
        tokio::spawn(async move { get(&address, &format!("{PATH}?min_position=9&timeout=30s")).await });
    // A connection whose request hasn't come is closed without an answer.
    bed.comes("/metrics", |metrics| are_waiting(metrics, 1.0)).await;
    bed.ends().await;
    let answer = waiting.await.unwrap();
    answer.is_problem(503, "stopping");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_no_longer_is_not_in_flight() {
    let bed = Bed::idle(QueryLimits::default(), ReadyWithin::default()).await;
    let address = bed.address.clone();
    let waiting =
        tokio::spawn(async move { get(&address, &format!("{PATH}?min_position=9&timeout=30s")).await });
    bed.comes("/metrics", |metrics| are_waiting(metrics, 1.0)).await;
    waiting.abort();
    bed.comes("/metrics", |metrics| are_waiting(metrics, 0.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_position_of_an_event_that_the_projection_does_not_want_is_reached_with_what_is_before_it() {
    let bed = Bed::start().await;
    publish(&bed.log, paid(1, "ada", 1)).await;
    let unwanted = publish(&bed.log, OrderPacked { order: "2".to_owned() }).await;
    let answer = bed.get(&format!("{PATH}?min_position={unwanted}&timeout=30s")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = bed.get(&format!("{PATH}?min_position={}&timeout=1500ms", unwanted + 1)).await;
    answer.is_problem(504, "not-reached");
}
