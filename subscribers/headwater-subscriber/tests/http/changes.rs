use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use headwater_log::service::http::ConnectionLimits;
use headwater_subscriber::http::QueryLimits;
use serde_json::{Value, json};

use crate::bed::Bed;
use crate::common::client::Listener;
use crate::common::shop::{begin_to_publish, paid, publish_all};

#[tokio::test(flavor = "multi_thread")]
async fn every_commit_is_told_row_by_row() {
    let mut bed = Bed::start().await;
    bed.pay("a", 1).await;
    let mut all = Listener::start(&bed.address, "").await;
    let mut some = Listener::start(&bed.address, "table=orders&prefix=c").await;
    let begin = all.told("begin").await;
    assert_eq!(begin.data, json!({ "positions": { "orders": 1 }, "snapshot": false }));
    assert_eq!(some.told("begin").await.id, begin.id);
    bed.pay("b", 5).await;
    let positions = json!({ "orders": 2 });
    let row = |table: &str, key: &str, value: Value| json!({ "table": table, "key": key, "value": value, "positions": positions });
    let order = json!({ "customer": "ada", "cents": 5 });
    for expected in
        [row("by-minute", "0000000007", json!(2)), row("events", "all", json!(2)), row("orders", "b", order)]
    {
        let told = all.told("row").await;
        // Only who has the whole commit has its name.
        assert_eq!((told.data, told.id), (expected, None));
    }
    let commit = all.told("commit").await;
    assert_eq!(commit.data, json!({ "positions": positions }));
    assert!(commit.id.is_some() && commit.id != begin.id);
    bed.pay("c", 5).await;
    assert_eq!(some.told("row").await.data["key"], "c");
    assert_eq!(some.told("commit").await.data["positions"]["orders"], 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_and_the_changes_after_it_leave_no_gap() {
    const EVENTS: u64 = 1500;
    let mut bed = Bed::start().await;
    for order in 0..20 {
        bed.pay(order, 1).await;
    }
    let log = bed.log.clone();
    let publishing = tokio::spawn(async move {
        for order in 20..EVENTS {
            begin_to_publish(&log, paid(order, "ada", 1)).await.await.unwrap();
        }
    });
    // Each begins at another moment.
    for _ in 0..8 {
        let mut listener = Listener::start(&bed.address, "snapshot=true").await;
        let begin = listener.told("begin").await;
        assert_eq!((&begin.data["snapshot"], &begin.id), (&json!(true), &None));
        let mut rows = BTreeMap::new();
        let mut commits = 0;
        while commits < 20 {
            let told = listener.next().await.unwrap();
            match told.event.as_str() {
                "row" => {
                    let text = |name: &str| told.data[name].as_str().unwrap().to_owned();
                    rows.insert((text("table"), text("key")), told.data["value"].clone());
                }
                "commit" => {
                    commits += 1;
                    let events = &rows[&("events".to_owned(), "all".to_owned())];
                    assert_eq!(*events, told.data["positions"]["orders"]);
                    let orders = rows.keys().filter(|(table, _)| table == "orders").count();
                    assert_eq!(*events, orders);
                    if *events == EVENTS {
                        break;
                    }
                }
                _ => panic!("{told:?}"),
            }
        }
    }
    publishing.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_goes_on_where_it_was_or_is_told_that_it_can_not() {
    let mut bed = Bed::start().await;
    bed.pay("a", 1).await;
    let mut listener = Listener::start(&bed.address, "table=orders").await;
    let id = listener.told("begin").await.id.unwrap();
    // Nothing has happened.
    let mut back = Listener::resume(&bed.address, "table=orders&snapshot=true", &id).await;
    assert_eq!(back.told("begin").await.id, Some(id.clone()));
    drop(back);
    bed.pay("b", 1).await;
    let second = {
        listener.told("row").await;
        listener.told("commit").await.id.unwrap()
    };
    bed.pay("c", 1).await;
    // Somebody listens, so what came after is kept.
    let mut back = Listener::resume(&bed.address, "table=orders", &second).await;
    assert_eq!(back.told("begin").await.id, Some(second.clone()));
    assert_eq!(back.told("row").await.data["key"], "c");
    // The commit before the first one that is kept isn't known by name any more.
    let mut back = Listener::resume(&bed.address, "table=orders", &id).await;
    assert_eq!(back.told("reset").await.data, json!({ "positions": { "orders": 3 }, "snapshot": false }));
    let mut back =
        Listener::resume(&bed.address, "table=orders&prefix=b&snapshot=true", "another/orders=3").await;
    assert_eq!(back.told("reset").await.data["snapshot"], true);
    assert_eq!(back.told("row").await.data["key"], "b");
    back.told("commit").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_is_too_slow_is_told_so_and_is_sent_away() {
    let limits = QueryLimits { changes_bytes_max: 4000, ..QueryLimits::default() };
    let mut bed = Bed::start_with(limits).await;
    bed.pay("a", 1).await;
    let mut slow = Listener::start(&bed.address, "").await;
    slow.told("begin").await;
    // More than the system, the connection and the feed keep for a client that reads nothing.
    let customer = "c".repeat(50_000);
    let mut order = 0;
    let lagged = |metrics: &crate::common::client::Answer| {
        metrics.body.contains("headwater_http_listeners_lagged_total{projection=\"tally\"} 1")
    };
    while order < 400 {
        begin_to_publish(&bed.log, paid(order, &customer, 1)).await.await.unwrap();
        order += 1;
    }
    bed.reaches(order + 1).await;
    let mut last = None;
    while let Some(told) = slow.next().await {
        last = Some(told);
    }
    assert_eq!(last.unwrap().event, "lagged");
    bed.comes("/metrics", lagged).await;
    bed.comes("/metrics", |metrics| {
        metrics.body.contains("headwater_http_listeners{projection=\"tally\"} 0")
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_nothing_at_all_is_cut_off() {
    let connections = ConnectionLimits { answer: Duration::from_millis(200), ..ConnectionLimits::default() };
    let mut bed = Bed::start_with(QueryLimits { connections, ..QueryLimits::default() }).await;
    bed.pay("first", 1).await;
    let mut slow = Listener::start(&bed.address, "").await;
    slow.told("begin").await;
    bed.comes("/metrics", |metrics| {
        metrics.body.contains("headwater_http_listeners{projection=\"tally\"} 1")
    })
    .await;
    let customer = "c".repeat(50_000);
    for order in 0..300 {
        begin_to_publish(&bed.log, paid(order, &customer, 1)).await.await.unwrap();
    }
    bed.reaches(301).await;
    bed.comes("/metrics", |metrics| {
        metrics.body.contains("headwater_http_listeners{projection=\"tally\"} 0")
    })
    .await;
    drop(slow);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_takes_long_to_transfer_arrives_whole_as_long_as_it_is_read() {
    const ORDERS: usize = 300;
    let answer = Duration::from_secs(2);
    let connections = ConnectionLimits { answer, ..ConnectionLimits::default() };
    let mut bed = Bed::start_with(QueryLimits { connections, ..QueryLimits::default() }).await;
    let customer = "c".repeat(50_000);
    let orders = (0..ORDERS).map(|order| paid(order, &customer, 1));
    bed.reaches(publish_all(&bed.log, orders).await).await;
    let begun = Instant::now();
    let mut listener = Listener::start(&bed.address, "table=orders&snapshot=true").await;
    listener.told("begin").await;
    for _ in 0..ORDERS {
        listener.told("row").await;
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    listener.told("commit").await;
    assert!(begun.elapsed() > 2 * answer, "it is no slow link");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_may_listen_and_a_place_is_free_again_when_one_leaves() {
    let limits =
        QueryLimits { listeners_max: 1, heartbeat: Duration::from_millis(20), ..QueryLimits::default() };
    let bed = Bed::start_with(limits).await;
    let mut first = Listener::start(&bed.address, "").await;
    first.told("begin").await;
    // It is told that the connection is alive.
    assert!(first.next().await.unwrap().comment);
    bed.get("/v1/changes").await.is_problem(503, "overloaded");
    drop(first);
    bed.comes("/metrics", |metrics| {
        metrics.body.contains("headwater_http_listeners{projection=\"tally\"} 0")
    })
    .await;
    Listener::start(&bed.address, "").await.told("begin").await;
    bed.get("/v1/changes?prefix=a").await.is_problem(400, "invalid-query");
    bed.get("/v1/changes?table=none").await.is_problem(404, "not-found");
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_without_a_row_that_is_wanted_move_the_position_all_the_same() {
    let limits = QueryLimits { heartbeat: Duration::from_millis(50), ..QueryLimits::default() };
    let mut bed = Bed::start_with(limits).await;
    let mut listener = Listener::start(&bed.address, "table=orders&prefix=z").await;
    listener.told("begin").await;
    bed.pay("a", 1).await;
    loop {
        let told = listener.next().await.unwrap();
        if told.comment {
            continue;
        }
        assert_eq!((told.event.as_str(), &told.data["positions"]["orders"]), ("commit", &json!(1)));
        break;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_listens_holds_no_shutdown_up() {
    let bed = Bed::start().await;
    let mut listener = Listener::start(&bed.address, "").await;
    listener.told("begin").await;
    bed.ends().await;
    assert_eq!(listener.next().await, None);
}
