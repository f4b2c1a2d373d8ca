use std::collections::BTreeMap;

use headwater_subscriber::http::QueryLimits;
use serde_json::json;

use crate::bed::Bed;
use crate::common::client::ask;
use crate::common::shop::{begin_to_publish, paid};

#[tokio::test(flavor = "multi_thread")]
async fn says_what_it_is_and_where() {
    let mut bed = Bed::start().await;
    bed.pay("a", 5).await;
    let index = bed.get("/v1").await;
    assert_eq!(
        index.json(),
        json!({
            "projection": "tally",
            "version": 3,
            "tables": [
                { "name": "events", "indexes": [] },
                { "name": "orders", "indexes": ["by-cents"] },
                { "name": "by-minute", "indexes": [] },
            ],
            "positions": { "orders": 1 },
        })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_answered_with_the_position_that_it_reflects() {
    let mut bed = Bed::start().await;
    let before = bed.get("/v1/tables/events/rows/all").await;
    assert_eq!(before.is_problem(404, "no-row")["positions"], json!({ "orders": 0 }));
    bed.pay("a/b c", 5).await;
    let row = bed.get("/v1/tables/orders/rows/a%2Fb%20c").await;
    assert_eq!(row.status, 200, "{row:?}");
    let value = json!({ "customer": "ada", "cents": 5 });
    assert_eq!(row.json(), json!({ "key": "a/b c", "value": value, "positions": { "orders": 1 } }));
    assert_eq!(row.header("headwater-position"), Some("orders=1"));
    // A key is read as its own type does: the row is at 0000000007.
    assert_eq!(bed.get("/v1/tables/by-minute/rows/7").await.json()["key"], "0000000007");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_says_to_have_anything_is_answered_all_the_same() {
    let mut bed = Bed::start().await;
    bed.pay("a", 5).await;
    let any = "if-none-match: *\r\n";
    assert_eq!(bed.get_with("/v1/tables/orders/rows/a", any).await.json()["key"], "a");
    bed.get_with("/v1/tables/orders/rows/b", any).await.is_problem(404, "no-row");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_lead_through_a_range_in_either_order() {
    let mut bed = Bed::start().await;
    for order in ["a1", "a2", "a3", "b1", "b2", "c"] {
        bed.pay(order, 1).await;
    }
    let rows = async |query: &str| bed.get(&format!("/v1/tables/orders/rows?{query}")).await.keys();
    assert_eq!(rows("").await, ["a1", "a2", "a3", "b1", "b2", "c"]);
    assert_eq!(rows("prefix=a").await, ["a1", "a2", "a3"]);
    assert_eq!(rows("from=a2&to=b2").await, ["a2", "a3", "b1"]);
    assert_eq!(rows("from=a2&prefix=a&order=desc").await, ["a3", "a2"]);
    assert_eq!(rows("from=c&to=a").await, [""; 0]);
    for (order, expected) in [("asc", ["a2", "a3", "b1", "b2"]), ("desc", ["b2", "b1", "a3", "a2"])] {
        let mut walked = Vec::new();
        let mut after = String::new();
        loop {
            let page =
                bed.get(&format!("/v1/tables/orders/rows?from=a2&to=c&limit=3&order={order}{after}")).await;
            walked.extend(page.keys());
            match page.json()["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break,
            }
        }
        assert_eq!(walked, expected, "{order}");
    }
    let count = async |query: &str| {
        bed.get(&format!("/v1/tables/orders/count?{query}")).await.json()["count"].clone()
    };
    assert_eq!(count("").await, 6);
    assert_eq!(count("prefix=a").await, 3);
    assert_eq!(count("from=b").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_leads_to_rows_in_its_own_order() {
    let mut bed = Bed::start().await;
    for (order, cents) in [("a", 500), ("b", 60), ("c", 500), ("d", 7)] {
        bed.pay(order, cents).await;
    }
    let by = async |query: &str| bed.get(&format!("/v1/tables/orders/by/by-cents?{query}")).await;
    assert_eq!(by("").await.keys(), ["d", "b", "a", "c"]);
    assert_eq!(by("from=60").await.keys(), ["b", "a", "c"]);
    assert_eq!(by("from=7&to=500&order=desc").await.keys(), ["b", "d"]);
    // Two rows at the same place are on two pages.
    let page = by("order=desc&limit=1").await;
    let next = page.json()["next"].as_str().unwrap().to_owned();
    assert_eq!(page.keys(), ["c"]);
    assert_eq!(by(&format!("order=desc&limit=1&after={next}")).await.keys(), ["a"]);
    assert_eq!(bed.get("/v1/tables/orders/by/by-cents/count?from=500").await.json()["count"], 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_is_no_larger_than_it_may_be() {
    let mut bed =
        Bed::start_with(QueryLimits { page_bytes_max: 1, page_rows_max: 3, ..QueryLimits::default() }).await;
    bed.pay("a", 1).await;
    bed.pay("b", 1).await;
    let page = bed.get("/v1/tables/orders/rows?limit=3").await;
    assert_eq!((page.keys(), page.json()["next"].is_string()), (vec!["a".to_owned()], true));
    bed.get("/v1/tables/orders/rows?limit=4").await.is_problem(400, "invalid-query");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_the_state_of_a_position_gets_it_once() {
    let mut bed = Bed::start().await;
    bed.pay("a", 1).await;
    let path = "/v1/tables/orders/rows";
    let tag = bed.get(path).await.header("etag").unwrap().to_owned();
    let known = format!("if-none-match: \"other\", {tag}\r\n");
    let same = bed.get_with(path, &known).await;
    assert_eq!((same.status, same.body.as_str(), same.header("etag")), (304, "", Some(tag.as_str())));
    bed.pay("b", 1).await;
    let newer = bed.get_with(path, &known).await;
    assert_eq!(newer.keys(), ["a", "b"]);
    assert_ne!(newer.header("etag"), Some(tag.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_wrongly_is_said_to_be_wrong() {
    let bed = Bed::start().await;
    let error = bed.get("/v1/tables/odors/rows").await.is_problem(404, "not-found");
    assert_eq!(error["detail"], "tally has no table \"odors\"; it has: events, orders, by-minute");
    let error = bed.get("/v1/tables/orders/by/by-name").await.is_problem(404, "not-found");
    assert_eq!(error["detail"], "the table orders has no index \"by-name\"; it has: by-cents");
    bed.get("/v2").await.is_problem(404, "not-found");
    for query in [
        "limit=0",
        "limit=x",
        "limit=-1",
        "limit=1&limit=2",
        "order=up",
        "after=%21",
        "min_position=weather:1",
        "min_positon=1",
        "timeout=1h",
        "from=%ff%fe",
    ] {
        let answer = bed.get(&format!("/v1/tables/orders/rows?{query}")).await;
        // Bytes that are no text are replaced, and then they are a key like any other.
        if query.starts_with("from") {
            assert_eq!(answer.status, 200, "{answer:?}");
        } else {
            answer.is_problem(400, "invalid-query");
        }
    }
    let posted = "POST /v1 HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let posted = ask(&bed.address, posted).await;
    posted.is_problem(405, "method-not-allowed");
    assert_eq!(posted.header("allow"), Some("GET, HEAD"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_position_agree_while_events_come() {
    const EVENTS: u64 = 2000;
    let mut bed = Bed::start().await;
    bed.pay(0, 1).await;
    let log = bed.log.clone();
    let publishing = tokio::spawn(async move {
        for order in 1..EVENTS {
            begin_to_publish(&log, paid(format!("{order:04}"), "ada", 1)).await.await.unwrap();
        }
    });
    let mut seen = BTreeMap::new();
    while seen.keys().last() < Some(&EVENTS) {
        let row = bed.get("/v1/tables/events/rows/all").await;
        let count = bed.get("/v1/tables/orders/count").await;
        let (row, count) = (row.json(), count.json());
        assert_eq!(row["value"], row["positions"]["orders"], "{row}");
        assert_eq!(count["count"], count["positions"]["orders"], "{count}");
        seen.insert(row["value"].as_u64().unwrap(), ());
    }
    publishing.await.unwrap();
    // Else nothing has happened meanwhile.
    assert!(seen.len() > 2, "{seen:?}");
}
