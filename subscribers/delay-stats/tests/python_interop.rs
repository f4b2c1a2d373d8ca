//! Services in another language take part, with nothing but the specifications: here Python, with its NATS
//! client and its CloudEvents SDK.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod common;

use delay_stats::Delay;
use flight_events::{FlightArrived, FlightCancelled};
use headwater_event::{Aggregate, CommandContext, Envelope};
use headwater_log::testkit::Server;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use common::flights::Flights;
use common::python::foreign_service;
use common::service::{Service, wait_for_total};

const FLIGHT: &str = "2013-01-01-UA-1545-EWR-0515";

async fn python<const N: usize>(arguments: [&str; N]) -> Value {
    let arguments = arguments.map(str::to_owned);
    spawn_blocking(move || foreign_service(&arguments.each_ref().map(String::as_str))).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_what_a_python_program_publishes_in_either_content_mode() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let flights = Flights::open(&server.url()).await;
    let service = Service::start(&server.url(), data.path());

    let published = python(["publish", &server.url()]).await;
    assert_eq!((&published["structured"], &published["binary"]), (&json!(1), &json!(2)));
    let total = wait_for_total(data.path(), |total| total.departed == 1);
    assert_eq!(
        (total.scheduled, total.departure_delay),
        (1, Delay { count: 1, sum: 2, min: Some(2), max: Some(2) })
    );

    // Published again it is stored once, and a decision on an old version is refused.
    assert_eq!(published["again"], 2);
    assert_eq!(published["conflict"], 10071);

    // Our own publishers go on at the version that the program has reached.
    let arrived_at = "2013-01-01T13:30:00Z".parse().unwrap();
    let arrived = FlightArrived { flight: FLIGHT.parse().unwrap(), arrived_at, delay_minutes: 11 };
    let arrived = CommandContext::new("land").envelope(&arrived, 0, "/flight-ops", arrived_at).unwrap();
    flights.append_at(2, FLIGHT, vec![arrived]).await;
    let total = wait_for_total(data.path(), |total| total.arrived == 1);
    assert_eq!((total.scheduled, total.departed), (1, 1));
    assert_eq!(service.terminate().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_python_program_finds_our_events_valid_with_all_their_attributes() {
    let server = Server::start().await.unwrap();
    let flights = Flights::open(&server.url()).await;
    let cancelled = FlightCancelled { flight: FLIGHT.parse().unwrap() };
    let cause = Envelope::builder("storm 1", "/weather-station", "dev.headwater.weather.storm.seen.v1")
        .extension("correlationid", "the \"storm\" of 1 % 🌩")
        .extension("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .extension("tracestate", "vendor=value")
        .build()
        .unwrap();
    let command = CommandContext::caused_by("cancel 1545", &cause);
    let envelope = flights.publish_one(&cancelled, &command).await;

    let subject = format!("evt.flights.flight.cancelled.{FLIGHT}");
    let read = python(["read", &server.url(), &subject]).await;
    let trace = envelope.trace().unwrap().to_string();
    assert!(trace.starts_with("00-0af7651916cd43dd8448eb211c80319c-"), "{trace}");
    let attributes = json!({
        "specversion": "1.0",
        "id": "cancel 1545/0",
        "source": "/flight-ops",
        "type": "dev.headwater.flights.flight.cancelled.v1",
        "subject": FLIGHT,
        "time": "1970-01-01T00:00:00+00:00",
        "datacontenttype": "application/json",
        "dataschema": "urn:headwater:schema:dev.headwater.flights.flight.cancelled.v1",
        "correlationid": "the \"storm\" of 1 % 🌩",
        "causationid": "cancel 1545",
        "traceparent": trace,
        "tracestate": "vendor=value",
    });
    assert_eq!(read["attributes"], attributes);
    assert_eq!((&read["data"], &read["id_in_subject"]), (&json!({ "flight": FLIGHT }), &json!(FLIGHT)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_no_subject_can_hold_survives_both_ways() {
    const AIRLINE: &str = "Zürich \"Air\" 100 %.*";
    let server = Server::start().await.unwrap();
    let flights = Flights::open(&server.url()).await;
    let airline = Aggregate::new("flights".parse().unwrap(), "airline", AIRLINE).unwrap();

    let sequence = python(["publish", &server.url()]).await["airline"].as_u64().unwrap();
    let [theirs] = &flights.load(&airline).await[..] else { panic!("it isn't found by its id") };
    assert_eq!(theirs.sequence, sequence);
    assert_eq!((theirs.envelope.id(), theirs.envelope.subject()), ("3 of 3", Some(AIRLINE)));
    assert_eq!(theirs.envelope.correlation_id(), Some("a flow"));

    let ours = Envelope::builder("renamed", "/flight-ops", "dev.headwater.flights.airline.renamed.v1")
        .subject(AIRLINE)
        .json("{}", "urn:headwater:schema:renamed")
        .build()
        .unwrap();
    flights.append_to(airline.clone(), sequence, vec![ours]).await;
    let read = python(["read", &server.url(), &airline.subject("renamed")]).await;
    assert_eq!((&read["attributes"]["subject"], &read["id_in_subject"]), (&json!(AIRLINE), &json!(AIRLINE)));
}
