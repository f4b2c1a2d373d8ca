//! The three content modes of the HTTP binding, and what is stored of each.

use axum::http::StatusCode;
use flight_events::FlightDeparted;
use headwater_event::Event as _;
use serde_json::{Value, json};

use super::bed::{Bed, FLIGHT, OTHER_FLIGHT, departed, with};

const DATA: &str =
    r#"{"flight":"2013-01-01-UA-1545-EWR-0515","departed_at":"2013-01-01T10:17:00Z","delay_minutes":2}"#;

const BINARY: [(&str, &str); 8] = [
    ("content-type", "Application/JSON; charset=utf-8"),
    ("ce-specversion", "1.0"),
    ("ce-id", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
    ("ce-source", "/gate-agent"),
    ("CE-Type", "dev.headwater.flights.flight.departed.v2"),
    ("ce-subject", FLIGHT),
    ("ce-time", "2013-01-01T10:17:00Z"),
    ("ce-priority", "3"),
];

#[tokio::test]
async fn stores_a_binary_event_with_its_headers_decoded() {
    let bed = Bed::start().await;
    let answer = bed.post(&BINARY, DATA).await;
    insta::assert_json_snapshot!(answer.is_stored().snapshot());
    let [event] = &bed.events_of(FLIGHT).await[..] else { panic!("it isn't there once") };
    assert_eq!(event.id(), "Euro € 😀");
    assert_eq!(event.data(), DATA.as_bytes());
    assert_eq!(event.data_content_type(), Some("Application/JSON; charset=utf-8"));
    assert_eq!(event.extension("priority").unwrap().to_string(), "3");
    assert_eq!(FlightDeparted::decode(2, event.data()).unwrap().delay_minutes, 2);
}

#[tokio::test]
async fn adds_what_every_event_has_and_changes_nothing_else() {
    let bed = Bed::start().await;
    bed.structured(&with(departed("1", FLIGHT), json!({ "datacontenttype": null }))).await.is_stored();
    let event = &bed.events_of(FLIGHT).await[0];
    let stored: Value = serde_json::from_slice(&event.to_json().unwrap()).unwrap();
    let added = json!({
        "correlationid": "1",
        "dataschema": "urn:headwater:schema:dev.headwater.flights.flight.departed.v2",
    });
    assert_eq!(stored, with(departed("1", FLIGHT), added));
}

#[tokio::test]
async fn an_event_keeps_its_flow_and_trace_and_else_takes_the_requests() {
    const OWN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const REQUESTS: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let bed = Bed::start().await;
    let headers = [("traceparent", REQUESTS), ("tracestate", "a=1"), ("tracestate", "b=2")];
    bed.structured_with(&headers, &departed("1", FLIGHT)).await.is_stored();
    let own = json!({ "traceparent": OWN, "correlationid": "flow" });
    bed.structured_with(&headers, &with(departed("2", FLIGHT), own)).await.is_stored();
    bed.structured_with(&[("traceparent", "nonsense")], &departed("3", FLIGHT)).await.is_stored();
    let events = bed.events_of(FLIGHT).await;
    let text = |index: usize, name: &str| events[index].extension(name).map(ToString::to_string);
    assert_eq!(text(0, "traceparent").as_deref(), Some(REQUESTS));
    assert_eq!(text(0, "tracestate").as_deref(), Some("a=1,b=2"));
    assert_eq!((text(1, "traceparent").as_deref(), text(1, "tracestate")), (Some(OWN), None));
    assert_eq!(events[1].correlation_id(), Some("flow"));
    assert_eq!(text(2, "traceparent"), None);
}

#[tokio::test]
async fn stores_a_batch_in_one_commit_with_the_events_of_each_aggregate_together() {
    let bed = Bed::start().await;
    let events = [
        departed("1", FLIGHT),
        departed("2", OTHER_FLIGHT),
        departed("3", FLIGHT),
        departed("4", OTHER_FLIGHT),
    ];
    let answer = bed.batch(&events).await;
    assert_eq!(answer.is_stored().sequences(), [1, 3, 2, 4]);
    assert_eq!((&answer.body["stream"], &answer.body["sequence"]), (&json!("EVT_flights"), &json!(4)));
    assert_eq!(answer.header("etag"), None, "a version is of one aggregate");
    let ids = |events: Vec<headwater_event::Envelope>| -> Vec<String> {
        events.iter().map(|event| event.id().to_owned()).collect()
    };
    assert_eq!(ids(bed.events_of(FLIGHT).await), ["1", "3"]);
    assert_eq!(ids(bed.events_of(OTHER_FLIGHT).await), ["2", "4"]);
    let next = bed.batch(&[departed("5", FLIGHT), departed("6", FLIGHT)]).await;
    assert_eq!((next.sequences(), next.header("etag")), (vec![5, 6], Some("\"6\"")));
}

#[tokio::test]
async fn an_empty_batch_stores_nothing_and_is_no_error() {
    let bed = Bed::start().await;
    let answer = bed.batch(&[]).await;
    assert_eq!((answer.status, answer.body), (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(bed.count().await, 0);
}

#[tokio::test]
async fn a_batch_with_one_bad_event_stores_none() {
    let bed = Bed::start().await;
    let bad = with(departed("2", FLIGHT), json!({ "data": { "flight": FLIGHT } }));
    let answer = bed.batch(&[departed("1", FLIGHT), bad.clone(), departed("3", FLIGHT)]).await;
    answer.is_problem("schema-violation");
    assert_eq!(answer.body["errors"][0]["pointer"], "/1/data/departed_at");
    let worse = with(bad.clone(), json!({ "id": "4", "data": 1 }));
    let answer = bed.batch(&[bad, departed("3", FLIGHT), worse]).await;
    insta::assert_json_snapshot!(answer.is_problem("schema-violation").snapshot());
    assert_eq!(bed.count().await, 0);
}

#[tokio::test]
async fn a_batch_is_of_one_domain() {
    let bed = Bed::start().await;
    let observed = json!({
        "specversion": "1.0", "id": "1", "source": "/buoy", "type": "dev.headwater.weather.station.observed.v1",
        "subject": "EWR", "data": { "station": "EWR", "observed_at": "2013-01-01T10:00:00Z" },
    });
    let answer = bed.batch(&[departed("1", FLIGHT), observed.clone()]).await;
    insta::assert_json_snapshot!(answer.is_problem("several-domains").snapshot());
    assert_eq!(bed.structured(&observed).await.body["stream"], "EVT_weather");
}

#[tokio::test]
async fn data_in_base64_are_json_all_the_same() {
    let bed = Bed::start().await;
    // {"flight":"2013-01-01-UA-1545-EWR-0515"}
    let base64 = "eyJmbGlnaHQiOiIyMDEzLTAxLTAxLVVBLTE1NDUtRVdSLTA1MTUifQ==";
    let cancelled = json!({
        "data": null, "data_base64": base64, "type": "dev.headwater.flights.flight.cancelled.v1",
    });
    bed.structured(&with(departed("1", FLIGHT), cancelled)).await.is_stored();
    assert_eq!(bed.events_of(FLIGHT).await[0].data(), br#"{"flight":"2013-01-01-UA-1545-EWR-0515"}"#);
}
