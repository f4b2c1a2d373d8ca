use std::collections::BTreeMap;
use std::time::Duration;

use headwater_subscriber::http::{QueryLimits, ReadyWithin};
use serde_json::json;

use crate::bed::Bed;
use crate::common::client::Answer;
use crate::common::shop::{OrderPacked, paid, publish};

pub(crate) fn figures(metrics: &Answer) -> BTreeMap<String, f64> {
    crate::common::figures::figures(metrics, ("projection", "tally"))
}

fn small() -> ReadyWithin {
    ReadyWithin { events: 2, age: Duration::from_secs(3600) }
}

#[tokio::test(flavor = "multi_thread")]
async fn is_ready_when_it_has_caught_up_and_not_before() {
    let mut bed = Bed::idle(QueryLimits::default(), small()).await;
    for order in 0..5 {
        publish(&bed.log, paid(order, "ada", 1)).await;
    }
    let before = bed.get("/readyz").await;
    assert_eq!(before.status, 503);
    let reasons = json!(["the projection doesn't follow its streams yet", "orders: the lag isn't known yet"]);
    assert_eq!(before.json()["reasons"], reasons);
    assert_eq!(bed.get("/livez").await.status, 200);
    // It is asked how far it is behind, and doesn't go on yet.
    bed.queries.following(bed.log.clone());
    let behind = bed.comes("/readyz", |answer| !answer.json()["lag"].as_array().unwrap().is_empty()).await;
    assert_eq!(behind.status, 503);
    assert_eq!(behind.json()["reasons"], json!(["orders: 5 events behind; ready is at most 2"]));
    let lag = figures(&bed.get("/metrics").await);
    assert_eq!(lag["headwater_projection_lag_events domain=orders"], 5.0);
    assert!(lag["headwater_projection_lag_seconds domain=orders"] > 0.0);
    bed.build();
    let ready = bed.comes("/readyz", |answer| answer.status == 200).await.json();
    assert_eq!((&ready["status"], &ready["positions"]), (&json!("ready"), &json!({ "orders": 5 })));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_concern_others_are_no_lag() {
    let mut bed = Bed::idle(QueryLimits::default(), ReadyWithin { events: 0, age: Duration::ZERO }).await;
    publish(&bed.log, paid(1, "ada", 1)).await;
    for order in 100..1500 {
        publish(&bed.log, OrderPacked { order: order.to_string() }).await;
    }
    bed.build();
    bed.comes("/readyz", |answer| answer.status == 200).await;
    assert_eq!(figures(&bed.get("/metrics").await)["headwater_projection_lag_events domain=orders"], 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halted_projection_is_alive_and_not_ready() {
    let mut bed = Bed::start().await;
    bed.pay("a", 1).await;
    bed.comes("/readyz", |answer| answer.status == 200).await;
    publish(&bed.log, paid("b", "nobody", 1)).await;
    let halted = bed.comes("/readyz", |answer| answer.status == 503).await.json();
    let reason = halted["reasons"][0].as_str().unwrap();
    assert!(reason.starts_with("the projection tally has halted in front of sequence 2"), "{reason}");
    assert!(reason.ends_with("nobody pays nothing"), "{reason}");
    assert_eq!(bed.get("/livez").await.status, 200);
    let figures = figures(&bed.get("/metrics").await);
    assert_eq!(figures["headwater_projection_halted"], 1.0);
    assert_eq!(figures["headwater_projection_failures_total kind=apply"], 1.0);
    assert_eq!(figures["headwater_projection_failures_total kind=store"], 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_say_what_has_happened() {
    let mut bed = Bed::start().await;
    for order in 0..3 {
        bed.pay(order, 1).await;
    }
    bed.get("/v1/tables/orders/rows/0").await;
    bed.get("/v1/tables/orders/rows/none").await;
    bed.get("/nowhere/at/all").await;
    let caught_up =
        bed.comes("/metrics", |metrics| metrics.body.contains("headwater_projection_lag_events{")).await;
    assert_eq!(
        caught_up.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    let figures = figures(&bed.get("/metrics").await);
    let row = "route=/v1/tables/:table/rows/:key";
    for (name, value) in [
        ("headwater_projection_position domain=orders".to_owned(), 3.0),
        ("headwater_projection_events_applied_total".to_owned(), 3.0),
        ("headwater_projection_rows_written_total".to_owned(), 9.0),
        ("headwater_projection_commit_duration_seconds".to_owned(), 3.0),
        ("headwater_projection_build_info store=sled,version=3".to_owned(), 1.0),
        ("headwater_projection_halted".to_owned(), 0.0),
        ("headwater_http_listeners".to_owned(), 0.0),
        (format!("headwater_http_requests_total method=GET,{row},status=200"), 1.0),
        (format!("headwater_http_requests_total method=GET,{row},status=404"), 1.0),
        ("headwater_http_requests_total method=GET,route=none,status=404".to_owned(), 1.0),
        (format!("headwater_http_requests_in_flight {row}"), 0.0),
        (format!("headwater_http_request_duration_seconds {row}"), 2.0),
    ] {
        assert_eq!(figures.get(&name), Some(&value), "{name} in {figures:#?}");
    }
}
