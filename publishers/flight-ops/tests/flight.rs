//! What may happen to a flight: given its events, when a command comes, then events or a rejection.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use flight_events::{
    FlightArrived, FlightCancelled, FlightDeparted, FlightDiverted, FlightEvent, FlightId, FlightScheduled,
};
use flight_ops::{Flight, FlightCommand, FlightRejection};
use headwater_publisher::testkit::given;
use jiff::Timestamp;

fn flight() -> FlightId {
    "2013-01-01-UA-1545-EWR-0515".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    format!("2013-01-01T{text}:00Z").parse().unwrap()
}

fn scheduled() -> FlightEvent {
    FlightEvent::Scheduled(FlightScheduled {
        flight: flight(),
        destination: "IAH".parse().unwrap(),
        scheduled_departure: at("10:15"),
        scheduled_arrival: at("14:19"),
        tail_number: Some("N14228".to_owned()),
    })
}

fn departed() -> FlightEvent {
    FlightEvent::Departed(FlightDeparted { flight: flight(), departed_at: at("10:17"), delay_minutes: 2 })
}

fn arrived() -> FlightEvent {
    FlightEvent::Arrived(FlightArrived { flight: flight(), arrived_at: at("14:30"), delay_minutes: 11 })
}

fn cancelled() -> FlightEvent {
    FlightEvent::Cancelled(FlightCancelled { flight: flight() })
}

fn diverted(arrived_at: Option<Timestamp>) -> FlightEvent {
    FlightEvent::Diverted(FlightDiverted { flight: flight(), arrived_at })
}

fn schedule() -> FlightCommand {
    FlightCommand::Schedule {
        flight: flight(),
        destination: "IAH".parse().unwrap(),
        scheduled_departure: at("10:15"),
        scheduled_arrival: at("14:19"),
        tail_number: Some("N14228".to_owned()),
    }
}

fn depart() -> FlightCommand {
    FlightCommand::Depart { at: at("10:17"), delay_minutes: 2 }
}

fn arrive() -> FlightCommand {
    FlightCommand::Arrive { at: at("14:30"), delay_minutes: 11 }
}

const CANCEL: FlightCommand = FlightCommand::Cancel;
const DIVERT: FlightCommand = FlightCommand::Divert { arrived_at: None };

#[test]
fn a_flight_lives_from_the_timetable_to_the_gate() {
    given::<Flight>([]).when(&schedule()).yields([scheduled()]);
    given::<Flight>([scheduled()]).when(&depart()).yields([departed()]);
    given::<Flight>([scheduled(), departed()]).when(&arrive()).yields([arrived()]);
}

#[test]
fn a_flight_is_cancelled_at_the_gate() {
    given::<Flight>([scheduled()]).when(&CANCEL).yields([cancelled()]);
}

#[test]
fn a_diverted_flight_may_still_reach_its_destination() {
    for arrived_at in [None, Some(at("20:00"))] {
        let divert = FlightCommand::Divert { arrived_at };
        given::<Flight>([scheduled(), departed()]).when(&divert).yields([diverted(arrived_at)]);
    }
}

#[test]
fn nothing_happens_to_a_flight_that_was_never_scheduled() {
    for command in [depart(), arrive(), CANCEL, DIVERT] {
        given::<Flight>([]).when(&command).rejects(FlightRejection::NotScheduled);
    }
}

#[test]
fn a_flight_at_the_gate_does_not_land_and_is_not_scheduled_again() {
    for (command, rejection) in [
        (schedule(), FlightRejection::AlreadyScheduled),
        (arrive(), FlightRejection::NotDeparted),
        (DIVERT, FlightRejection::NotDeparted),
    ] {
        given::<Flight>([scheduled()]).when(&command).rejects(rejection);
    }
}

#[test]
fn a_flight_in_the_air_does_not_go_back() {
    for command in [schedule(), depart(), CANCEL] {
        given::<Flight>([scheduled(), departed()]).when(&command).rejects(FlightRejection::AlreadyDeparted);
    }
}

#[test]
fn a_cancelled_flight_stays_cancelled() {
    for command in [schedule(), depart(), arrive(), CANCEL, DIVERT] {
        given::<Flight>([scheduled(), cancelled()]).when(&command).rejects(FlightRejection::Cancelled);
    }
}

#[test]
fn a_landed_flight_is_over() {
    for end in [arrived(), diverted(None)] {
        for command in [schedule(), depart(), arrive(), CANCEL, DIVERT] {
            let given = given::<Flight>([scheduled(), departed(), end.clone()]);
            given.when(&command).rejects(FlightRejection::AlreadyLanded);
        }
    }
}

#[test]
fn a_flight_does_not_land_before_it_departs() {
    let early = FlightCommand::Arrive { at: at("10:17"), delay_minutes: -242 };
    let rejection =
        FlightRejection::LandsBeforeDeparting { departed_at: at("10:17"), landed_at: at("10:17") };
    given::<Flight>([scheduled(), departed()]).when(&early).rejects(rejection);
}
