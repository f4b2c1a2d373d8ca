//! What each event counts, and that nothing counts twice.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use delay_stats::{Delay, DelayRow, DelayStats, DelayTable, KeyedRow};
use flight_events::{
    FlightArrived, FlightCancelled, FlightDeparted, FlightDepartedV1, FlightDiverted, FlightId,
    FlightScheduled, scheduled_departure,
};
use headwater_subscriber::testkit::{
    Given, accepts_every_registered_version, order_across_keys_does_not_matter, project,
    replay_twice_is_idempotent,
};
use jiff::SignedDuration;

/// At five in the morning.
const UNITED: &str = "2013-01-01-UA-1545-EWR-0515";

fn flight(name: &str) -> FlightId {
    name.parse().unwrap()
}

fn scheduled(name: &str) -> Given {
    let scheduled_departure = scheduled_departure(&flight(name));
    let scheduled_arrival = scheduled_departure + SignedDuration::from_hours(3);
    let destination = "IAH".parse().unwrap();
    let flight = flight(name);
    FlightScheduled { flight, destination, scheduled_departure, scheduled_arrival, tail_number: None }.into()
}

fn departed(name: &str, delay_minutes: i32) -> Given {
    let departed_at = scheduled_departure(&flight(name)) + SignedDuration::from_mins(delay_minutes.into());
    FlightDeparted { flight: flight(name), departed_at, delay_minutes }.into()
}

fn arrived(name: &str, delay_minutes: i32) -> Given {
    let arrived_at = scheduled_departure(&flight(name)) + SignedDuration::from_hours(3);
    FlightArrived { flight: flight(name), arrived_at, delay_minutes }.into()
}

/// The figures after these events, which are delivered more than once.
fn figures<const N: usize>(events: [Given; N]) -> DelayTable {
    let mut table = DelayTable::default();
    project::<DelayStats>(events).replayed_twice().expects(|stats, view| table = stats.read(view).unwrap());
    table
}

fn one(minutes: i32) -> Delay {
    Delay { count: 1, sum: minutes.into(), min: Some(minutes), max: Some(minutes) }
}

#[test]
fn nothing_is_counted_before_the_first_event() {
    assert_eq!(figures([]), DelayTable::default());
}

#[test]
fn counts_a_flight_that_is_scheduled_leaves_and_arrives() {
    let table = figures([scheduled(UNITED), departed(UNITED, 12), arrived(UNITED, 3)]);
    let row = DelayRow {
        scheduled: 1,
        departed: 1,
        arrived: 1,
        departure_delay: one(12),
        arrival_delay: one(3),
        ..DelayRow::default()
    };
    let keyed = |key: &str| vec![KeyedRow { key: key.to_owned(), row: row.clone() }];
    let (by_carrier, by_origin, by_hour) = (keyed("UA"), keyed("EWR"), keyed("5"));
    assert_eq!(table, DelayTable { total: row.clone(), by_carrier, by_origin, by_hour });
}

#[test]
fn counts_a_cancelled_flight() {
    let cancelled = FlightCancelled { flight: flight(UNITED) };
    let table = figures([scheduled(UNITED), cancelled.into()]);
    assert_eq!(table.total, DelayRow { scheduled: 1, cancelled: 1, ..DelayRow::default() });
}

#[test]
fn counts_a_diverted_flight_as_departed_and_not_as_arrived() {
    let diverted = FlightDiverted { flight: flight(UNITED), arrived_at: None };
    let table = figures([scheduled(UNITED), departed(UNITED, 0), diverted.into()]);
    let row =
        DelayRow { scheduled: 1, departed: 1, diverted: 1, departure_delay: one(0), ..DelayRow::default() };
    assert_eq!(table.total, row);
}

#[test]
fn an_early_departure_counts_with_a_negative_delay_and_is_not_late() {
    let row = figures([departed(UNITED, -7)]).total;
    assert_eq!((row.departed, row.departed_15_late, row.departure_delay), (1, 0, one(-7)));
}

#[test]
fn a_departure_is_late_from_15_minutes_on() {
    for (minutes, late) in [(14, 0), (15, 1), (16, 1), (1301, 1)] {
        assert_eq!(figures([departed(UNITED, minutes)]).total.departed_15_late, late, "{minutes} minutes");
    }
}

#[test]
fn a_departure_of_version_1_counts_like_one_of_version_2() {
    let old = FlightDepartedV1 { flight: flight(UNITED), delay_minutes: 15 };
    assert_eq!(figures([old.into()]), figures([departed(UNITED, 15)]));
}

#[test]
fn delays_add_up_with_their_extremes() {
    let table = figures([
        departed(UNITED, -5),
        departed("2013-01-01-UA-1-JFK-0515", 40),
        departed("2013-01-02-UA-1-JFK-0515", 1),
    ]);
    let delay = Delay { count: 3, sum: 36, min: Some(-5), max: Some(40) };
    assert_eq!(table.total.departure_delay, delay);
    assert_eq!(table.by_carrier[0].row.departure_delay, delay);
}

#[test]
fn each_flight_counts_for_its_own_carrier_origin_and_hour() {
    let table = figures([
        scheduled(UNITED),
        scheduled("2013-01-01-AA-1-JFK-1005"),
        scheduled("2013-01-02-AA-1-JFK-0005"),
        scheduled("2013-01-02-9E-7-LGA-2400"),
    ]);
    assert_eq!(table.total.scheduled, 4);
    let counts = |rows: &[KeyedRow]| -> Vec<(String, u64)> {
        rows.iter().map(|row| (row.key.clone(), row.row.scheduled)).collect()
    };
    let wanted = |counts: &[(&str, u64)]| -> Vec<(String, u64)> {
        counts.iter().map(|&(key, count)| (key.to_owned(), count)).collect()
    };
    assert_eq!(counts(&table.by_carrier), wanted(&[("9E", 1), ("AA", 2), ("UA", 1)]));
    assert_eq!(counts(&table.by_origin), wanted(&[("EWR", 1), ("JFK", 2), ("LGA", 1)]));
    // In the order of the day and not of the text; 2400 is midnight.
    assert_eq!(counts(&table.by_hour), wanted(&[("0", 2), ("5", 1), ("10", 1)]));
}

/// What happens to three flights, all of it in between.
fn a_morning() -> Vec<Given> {
    let [american, jet_blue] = ["2013-01-01-AA-1-LGA-0900", "2013-01-01-B6-9-JFK-0900"];
    vec![
        scheduled(UNITED),
        scheduled(american),
        departed(UNITED, 2),
        scheduled(jet_blue),
        departed(american, -5),
        arrived(UNITED, 11),
        departed(jet_blue, 40),
        arrived(american, -7),
    ]
}

#[test]
fn a_replay_yields_the_same_figures() {
    replay_twice_is_idempotent::<DelayStats>(a_morning());
}

#[test]
fn the_order_of_different_flights_does_not_matter() {
    order_across_keys_does_not_matter::<DelayStats>(a_morning());
}

#[test]
fn every_registered_version_is_read() {
    accepts_every_registered_version::<DelayStats>();
}
