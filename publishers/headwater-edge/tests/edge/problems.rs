//! The problem document of everything that can be wrong with a request.

use axum::body::Body;
use axum::http::Request;
use headwater_edge::Limits;
use serde_json::{Value, json};

use super::bed::{Bed, FLIGHT, departed, request, with};

const JSON: (&str, &str) = ("content-type", "application/cloudevents+json");

macro_rules! problems {
    ($($name:ident: $slug:literal, $send:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() {
                let bed = Bed::start().await;
                let answer = ($send)(&bed).await;
                insta::assert_json_snapshot!(stringify!($name), answer.is_problem($slug).snapshot());
                assert_eq!(bed.count().await, 0, "a refused event is not stored");
            }
        )*
    };
}

problems! {
    a_body_that_is_no_json: "malformed-event", async |bed: &Bed| bed.post(&[JSON], "{\"id\":").await;
    a_batch_that_is_no_list: "malformed-event", async |bed: &Bed| {
        bed.post(&[("content-type", "application/cloudevents-batch+json")], "{}").await
    };
    an_event_without_id: "malformed-event", async |bed: &Bed| changed(bed, json!({ "id": null })).await;
    an_event_of_another_spec: "malformed-event", async |bed: &Bed| {
        changed(bed, json!({ "specversion": "0.3" })).await
    };
    an_event_without_subject: "malformed-event", async |bed: &Bed| changed(bed, json!({ "subject": null })).await;
    a_header_with_other_bytes: "malformed-event", async |bed: &Bed| {
        bed.post(&[("content-type", "application/json"), ("ce-id", "é")], "{}").await
    };
    a_header_that_is_there_twice: "malformed-event", async |bed: &Bed| {
        bed.post(&[("content-type", "application/json"), ("ce-id", "1"), ("ce-id", "2")], "{}").await
    };
    a_header_that_http_has_another_for: "malformed-event", async |bed: &Bed| {
        bed.post(&[("content-type", "application/json"), ("ce-datacontenttype", "text/plain")], "{}").await
    };
    two_content_types: "malformed-event", async |bed: &Bed| bed.post(&[JSON, JSON], "{}").await;
    data_with_a_key_twice: "malformed-event", async |bed: &Bed| {
        let event = departed("1", FLIGHT).to_string();
        bed.post(&[JSON], event.replace("\"delay_minutes\":2", "\"delay_minutes\":2,\"delay_minutes\":3")).await
    };
    no_content_type: "unsupported-media-type", async |bed: &Bed| bed.post(&[], "{}").await;
    a_content_type_that_is_no_json: "unsupported-media-type", async |bed: &Bed| {
        bed.post(&[("content-type", "text/plain")], "{}").await
    };
    an_event_format_that_is_no_json: "unsupported-media-type", async |bed: &Bed| {
        bed.post(&[("content-type", "application/cloudevents+avro")], "{}").await
    };
    a_body_that_is_compressed: "unsupported-media-type", async |bed: &Bed| {
        bed.post(&[JSON, ("content-encoding", "gzip")], "{}").await
    };
    data_that_are_no_json: "unsupported-media-type", async |bed: &Bed| {
        changed(bed, json!({ "datacontenttype": "text/plain", "data": "departed" })).await
    };
    a_source_without_contract: "undeclared-event", async |bed: &Bed| {
        changed(bed, json!({ "source": "/nobody" })).await
    };
    a_type_that_is_misspelt: "undeclared-event", async |bed: &Bed| {
        changed(bed, json!({ "type": "dev.headwater.flights.flight.deprated.v2" })).await
    };
    a_version_that_is_not_declared: "undeclared-event", async |bed: &Bed| {
        changed(bed, json!({ "type": "dev.headwater.flights.flight.departed.v1" })).await
    };
    a_type_of_another_service: "undeclared-event", async |bed: &Bed| {
        changed(bed, json!({ "type": "dev.headwater.weather.station.observed.v1" })).await
    };
    data_that_do_not_fit: "schema-violation", async |bed: &Bed| {
        changed(bed, json!({ "data": { "flight": "UA 1545", "delay_minutes": 2.5, "gate": "A7" } })).await
    };
    no_data: "schema-violation", async |bed: &Bed| changed(bed, json!({ "data": null })).await;
    the_schema_of_another_event: "schema-violation", async |bed: &Bed| {
        changed(bed, json!({ "dataschema": "https://example.org/departed.json" })).await
    };
    another_path: "not-found", async |bed: &Bed| bed.send(Request::get("/event").body(Body::empty()).unwrap()).await;
    another_method: "method-not-allowed", async |bed: &Bed| {
        bed.send(Request::put("/events").body(Body::empty()).unwrap()).await
    };
    a_post_to_a_page: "method-not-allowed", async |bed: &Bed| {
        bed.send(Request::post("/healthz").body(Body::empty()).unwrap()).await
    };
    attributes_that_are_too_large: "unstorable", async |bed: &Bed| {
        changed(bed, json!({ "note": "x".repeat(70_000) })).await
    };
    an_event_that_is_too_large: "too-large", async |bed: &Bed| {
        let event = departed("1", FLIGHT).to_string();
        bed.post(&[JSON], event.replace("\"delay_minutes\"", &(" ".repeat(1_100_000) + "\"delay_minutes\""))).await
    };
}

async fn changed(bed: &Bed, members: Value) -> super::answer::Answer {
    bed.structured(&with(departed("1", FLIGHT), members)).await
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_whether_its_length_is_announced_or_not() {
    let bed = Bed::with(Limits { body_bytes_max: 1000, ..Limits::default() }, None).await;
    let body = "x".repeat(1001);
    let announced = bed.post(&[JSON, ("content-length", "1001")], body.clone()).await;
    insta::assert_json_snapshot!("a_body_beyond_the_limit", announced.is_problem("too-large").snapshot());
    let chunks = futures::stream::iter(
        body.into_bytes()
            .chunks(100)
            .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
            .collect::<Vec<_>>(),
    );
    let streamed = bed.send(request(&[JSON], Body::from_stream(chunks))).await;
    assert_eq!(streamed.is_problem("too-large").snapshot(), announced.snapshot());
}

#[tokio::test]
async fn a_batch_beyond_the_limit_is_refused() {
    let bed = Bed::start().await;
    let events: Vec<_> = (0..1001).map(|number| departed(&number.to_string(), FLIGHT)).collect();
    let answer = bed.batch(&events).await;
    insta::assert_json_snapshot!(answer.is_problem("too-large").snapshot());
    assert_eq!(bed.batch(&events[..1000]).await.is_stored().sequences().last(), Some(&1000));
}

#[tokio::test]
async fn an_answer_is_short_whatever_was_sent() {
    let bed = Bed::start().await;
    let (long, many) = ("x".repeat(50_000), vec![json!(1); 1000]);
    let members: serde_json::Map<_, _> =
        (0..40).map(|number| (format!("{long}{number}"), json!(1))).collect();
    let mut answers = vec![bed.batch(&many).await, bed.batch(&vec![json!(1); 100_000]).await];
    for member in ["id", "source", "type", "subject", "time", "dataschema", "datacontenttype", "X"] {
        let mut event = departed("1", FLIGHT);
        event[member] = json!(long);
        answers.push(bed.structured(&event).await);
    }
    answers.push(changed(&bed, json!({ "data": members })).await);
    answers.push(bed.structured_with(&[("if-match", &long)], &departed("1", FLIGHT)).await);
    answers.push(bed.post(&[("content-type", &long)], "{}").await);
    answers.push(bed.send(Request::get(format!("/{long}")).body(Body::empty()).unwrap()).await);
    for answer in &answers {
        assert!(answer.status.is_client_error() && answer.body.to_string().len() < 10_000, "{answer:?}");
    }
    let (errors, omitted) = (&answers[0].body["errors"], &answers[0].body["errors_omitted"]);
    assert_eq!((errors.as_array().map(Vec::len), omitted), (Some(32), &json!(968)));
    assert_eq!(bed.count().await, 0);
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_is_given_up() {
    let limits = Limits { request: std::time::Duration::from_millis(50), ..Limits::default() };
    let bed = Bed::with(limits, None).await;
    let never = Body::from_stream(futures::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let answer = bed.send(request(&[JSON], never)).await;
    insta::assert_json_snapshot!(answer.is_problem("request-timeout").snapshot());
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_event() {
    let bed = Bed::start().await;
    let broken = futures::stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("gone"))]);
    bed.send(request(&[JSON], Body::from_stream(broken))).await.is_problem("malformed-event");
}

#[tokio::test]
async fn too_many_requests_at_once_are_told_to_come_back() {
    let bed = Bed::with(Limits { requests_max: 1, ..Limits::default() }, None).await;
    let (sender, body) = futures::channel::mpsc::unbounded::<Result<Vec<u8>, std::io::Error>>();
    let first = bed.send(request(&[JSON], Body::from_stream(body)));
    let second = async {
        let answer = bed.structured(&departed("2", FLIGHT)).await;
        insta::assert_json_snapshot!("too_many_requests", answer.is_problem("overloaded").snapshot());
        sender.unbounded_send(Ok(departed("1", FLIGHT).to_string().into_bytes())).unwrap();
        drop(sender);
    };
    // The first one has its room before the second one is sent: both are polled in this order.
    let (first, ()) = futures::future::join(first, second).await;
    first.is_stored();
    bed.structured(&departed("2", FLIGHT)).await.is_stored();
}

#[tokio::test]
async fn healthy_and_ready_are_two_questions() {
    let bed = Bed::start().await;
    for (path, status) in [("/healthz", "alive"), ("/readyz", "ready")] {
        let answer = bed.send(Request::get(path).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status.as_u16(), &answer.body["status"]), (200, &json!(status)), "{path}");
    }
}
