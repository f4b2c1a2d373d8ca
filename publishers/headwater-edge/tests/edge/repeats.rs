//! An event that is sent again is stored once, however late and in whatever way it comes again.

use serde_json::json;

use super::bed::{Bed, FLIGHT, OTHER_FLIGHT, departed, with};

#[tokio::test]
async fn the_same_event_gets_the_same_receipt_in_any_mode_and_from_any_edge() {
    let bed = Bed::start().await;
    let event = departed("1", FLIGHT);
    let first = bed.structured(&event).await;
    bed.structured(&departed("2", FLIGHT)).await.is_stored();
    let data = event["data"].to_string();
    let binary = [
        ("content-type", "application/json"),
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/gate-agent"),
        ("ce-type", "dev.headwater.flights.flight.departed.v2"),
        ("ce-subject", FLIGHT),
        ("ce-time", "2013-01-01T10:17:00Z"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ];
    for edge in [&bed, &bed.another_edge().await] {
        for again in [
            edge.structured(&event).await,
            edge.batch(std::slice::from_ref(&event)).await,
            edge.post(&binary, data.clone()).await,
        ] {
            assert_eq!(again.is_repeated().sequences(), first.sequences());
            assert_eq!(again.header("etag"), first.header("etag"));
        }
    }
    assert_eq!(bed.count().await, 2);
}

#[tokio::test]
async fn an_event_that_comes_again_without_what_may_be_left_out_is_the_same() {
    let bed = Bed::start().await;
    let whole = json!({ "correlationid": "flow-1", "priority": "high" });
    let lean = json!({ "time": null, "datacontenttype": null });
    bed.structured(&with(departed("1", FLIGHT), whole)).await.is_stored();
    bed.structured(&with(departed("2", FLIGHT), lean.clone())).await.is_stored();
    let stored = bed.events_of(FLIGHT).await;
    for id in ["1", "2"] {
        bed.structured(&with(departed(id, FLIGHT), lean.clone())).await.is_repeated();
    }
    let named = with(lean, json!({ "dataschema": stored[0].data_schema() }));
    bed.structured(&with(departed("1", FLIGHT), named)).await.is_repeated();
    // What it says itself counts.
    for other in [json!({ "correlationid": "flow-2" }), json!({ "priority": "low" })] {
        bed.structured(&with(departed("1", FLIGHT), other)).await.is_problem("duplicate-id");
    }
    assert_eq!(bed.count().await, 2);
}

#[tokio::test]
async fn a_batch_that_is_put_together_anew_stores_what_is_missing() {
    let bed = Bed::start().await;
    bed.batch(&[departed("1", FLIGHT), departed("2", OTHER_FLIGHT)]).await.is_stored();
    let answer =
        bed.batch(&[departed("2", OTHER_FLIGHT), departed("3", OTHER_FLIGHT), departed("1", FLIGHT)]).await;
    assert_eq!(answer.is_stored().sequences(), [2, 3, 1]);
    let repeated: Vec<_> =
        answer.body["events"].as_array().unwrap().iter().map(|event| event["repeated"] == true).collect();
    assert_eq!(repeated, [true, false, true]);
    assert_eq!(bed.count().await, 3);
}

#[tokio::test]
async fn another_event_with_a_used_id_is_refused() {
    let bed = Bed::start().await;
    bed.structured(&departed("1", FLIGHT)).await.is_stored();
    let data = json!({ "flight": FLIGHT, "departed_at": "2013-01-01T10:17:00Z", "delay_minutes": 3 });
    let other_data = with(departed("1", FLIGHT), json!({ "data": data }));
    for edge in [&bed, &bed.another_edge().await] {
        let answer = edge.structured(&other_data).await;
        insta::assert_json_snapshot!(
            "another_event_with_a_used_id",
            answer.is_problem("duplicate-id").snapshot()
        );
        // The id of another aggregate's event.
        edge.structured(&departed("1", OTHER_FLIGHT)).await.is_problem("duplicate-id");
    }
    assert_eq!(bed.count().await, 1);
}

#[tokio::test]
async fn an_event_twice_in_one_batch_is_refused() {
    let bed = Bed::start().await;
    let answer = bed.batch(&[departed("1", FLIGHT), departed("2", FLIGHT), departed("1", FLIGHT)]).await;
    assert_eq!(
        answer.is_problem("malformed-event").body["detail"],
        "the events 0 and 2 have the same source and id"
    );
    assert_eq!(bed.count().await, 0);
}
