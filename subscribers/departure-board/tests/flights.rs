//! What the projection keeps of a flight.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod common;

use common::{JFK_0900, arrived, at, cancelled, departed, diverted, flight, scheduled};
use departure_board::{DepartureBoard, FlightRecord, Landing, Movement};
use flight_events::FlightDepartedV1;
use headwater_log::service::report;
use headwater_subscriber::testkit::{
    Given, accepts_every_registered_version, halts, order_across_keys_does_not_matter,
    partitions_share_no_rows, project, replay_twice_is_idempotent,
};

/// What is kept of the nine o'clock flight after these events, which are delivered more than once.
fn record<const N: usize>(events: [Given; N]) -> FlightRecord {
    let mut record = None;
    project::<DepartureBoard>(events)
        .replayed_twice()
        .expects(|board, view| record = board.flight(view, &flight(JFK_0900)).unwrap());
    record.unwrap()
}

#[test]
fn keeps_the_timetable_of_a_flight() {
    let record = record([scheduled(JFK_0900)]);
    assert_eq!(record.destination.as_str(), "LAX");
    assert_eq!(record.scheduled_departure, at("2013-01-01T14:00Z"));
    assert_eq!(record.scheduled_arrival, at("2013-01-01T20:00Z"));
    assert_eq!(record.tail_number.as_deref(), Some("N14228"));
    assert_eq!((record.departure, record.landing, record.cancelled_at), (None, None, None));
}

#[test]
fn keeps_when_it_left_and_arrived() {
    let record = record([
        scheduled(JFK_0900),
        departed(JFK_0900, "2013-01-01T13:55Z", -5),
        arrived(JFK_0900, "2013-01-01T20:30Z", 30),
    ]);
    assert_eq!(record.departure, Some(Movement { at: at("2013-01-01T13:55Z"), delay_minutes: -5 }));
    let arrival = Movement { at: at("2013-01-01T20:30Z"), delay_minutes: 30 };
    assert_eq!(record.landing, Some(Landing::Arrived(arrival)));
}

#[test]
fn reads_a_departure_of_version_1_as_one_of_version_2() {
    let old = FlightDepartedV1 { flight: flight(JFK_0900), delay_minutes: 12 };
    let record = record([scheduled(JFK_0900), old.into()]);
    assert_eq!(record.departure, Some(Movement { at: at("2013-01-01T14:12Z"), delay_minutes: 12 }));
}

#[test]
fn keeps_when_it_was_cancelled_or_diverted() {
    let cancellation = record([scheduled(JFK_0900), cancelled(JFK_0900, "2013-01-01T12:00Z")]);
    assert_eq!(cancellation.cancelled_at, Some(at("2013-01-01T12:00Z")));
    let diversion = record([
        scheduled(JFK_0900),
        departed(JFK_0900, "2013-01-01T14:00Z", 0),
        diverted(JFK_0900, "2013-01-01T21:00Z"),
    ]);
    assert_eq!(diversion.landing, Some(Landing::Diverted(at("2013-01-01T21:00Z"))));
}

#[test]
fn halts_at_a_departure_of_a_flight_that_was_never_scheduled() {
    let other = "2013-01-01-AA-1-LGA-0900";
    let (kept, error) =
        halts::<DepartureBoard>([scheduled(JFK_0900), departed(other, "2013-01-01T14:00Z", 0)]);
    let line = report(&error);
    assert!(line.ends_with("2013-01-01-AA-1-LGA-0900 was never scheduled"), "{line}");
    kept.expects(|board, view| assert!(board.flight(view, &flight(JFK_0900)).unwrap().is_some()));
}

/// What happens to three flights, all of it in between.
fn a_morning() -> Vec<Given> {
    let [united, american] = ["2013-01-01-UA-1545-EWR-0515", "2013-01-01-AA-1-LGA-0900"];
    vec![
        scheduled(JFK_0900),
        scheduled(united),
        departed(united, "2013-01-01T10:17Z", 2),
        scheduled(american),
        departed(JFK_0900, "2013-01-01T13:55Z", -5),
        cancelled(american, "2013-01-01T12:00Z"),
        arrived(united, "2013-01-01T13:30Z", 11),
        diverted(JFK_0900, "2013-01-01T21:00Z"),
    ]
}

#[test]
fn a_replay_yields_the_same_board() {
    replay_twice_is_idempotent::<DepartureBoard>(a_morning());
}

#[test]
fn the_order_of_different_flights_does_not_matter() {
    order_across_keys_does_not_matter::<DepartureBoard>(a_morning());
}

#[test]
fn different_flights_share_no_row() {
    partitions_share_no_rows::<DepartureBoard>(a_morning());
}

#[test]
fn every_registered_version_is_read() {
    accepts_every_registered_version::<DepartureBoard>();
}

#[test]
fn the_guide_shows_these_checks() {
    const GUIDE: &str = include_str!("../../../docs/guides/testing.md");
    let shown = GUIDE
        .split("```rust,ignore\n")
        .find_map(|block| block.split("```").next().filter(|block| block.contains("DepartureBoard")));
    assert!(include_str!("flights.rs").contains(shown.unwrap()), "the guide shows what isn't tested");
}
