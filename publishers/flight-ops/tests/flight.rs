//! What may happen to a flight: given its events, when a command comes, then events or a rejection.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use flight_events::{
    FlightArrived, FlightCancelled, FlightDeparted, FlightDiverted, FlightEvent, FlightId, FlightScheduled,
};
use flight_ops::{Flight, FlightCommand, FlightRejection};
use headwater_event::Decider;
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

fn decide<const N: usize>(
    given: [FlightEvent; N],
    when: &FlightCommand,
) -> Result<Vec<FlightEvent>, FlightRejection> {
    let mut state = Flight::default();
    given.iter().for_each(|event| state.evolve(event));
    state.decide(when)
}

#[test]
fn a_flight_lives_from_the_timetable_to_the_gate() {
    assert_eq!(decide([], &schedule()), Ok(vec![scheduled()]));
    assert_eq!(decide([scheduled()], &depart()), Ok(vec![departed()]));
    assert_eq!(decide([scheduled(), departed()], &arrive()), Ok(vec![arrived()]));
}

#[test]
fn a_flight_is_cancelled_at_the_gate() {
    assert_eq!(decide([scheduled()], &CANCEL), Ok(vec![cancelled()]));
}

#[test]
fn a_diverted_flight_may_still_reach_its_destination() {
    let given = || [scheduled(), departed()];
    assert_eq!(decide(given(), &DIVERT), Ok(vec![diverted(None)]));
    let arrived_at = Some(at("20:00"));
    assert_eq!(decide(given(), &FlightCommand::Divert { arrived_at }), Ok(vec![diverted(arrived_at)]));
}

#[test]
fn nothing_happens_to_a_flight_that_was_never_scheduled() {
    for command in [depart(), arrive(), CANCEL, DIVERT] {
        assert_eq!(decide([], &command), Err(FlightRejection::NotScheduled), "{command:?}");
    }
}

#[test]
fn a_flight_at_the_gate_does_not_land_and_is_not_scheduled_again() {
    for (command, rejection) in [
        (schedule(), FlightRejection::AlreadyScheduled),
        (arrive(), FlightRejection::NotDeparted),
        (DIVERT, FlightRejection::NotDeparted),
    ] {
        assert_eq!(decide([scheduled()], &command), Err(rejection), "{command:?}");
    }
}

#[test]
fn a_flight_in_the_air_does_not_go_back() {
    for command in [schedule(), depart(), CANCEL] {
        let outcome = decide([scheduled(), departed()], &command);
        assert_eq!(outcome, Err(FlightRejection::AlreadyDeparted), "{command:?}");
    }
}

#[test]
fn a_cancelled_flight_stays_cancelled() {
    for command in [schedule(), depart(), arrive(), CANCEL, DIVERT] {
        let outcome = decide([scheduled(), cancelled()], &command);
        assert_eq!(outcome, Err(FlightRejection::Cancelled), "{command:?}");
    }
}

#[test]
fn a_landed_flight_is_over() {
    for end in [arrived(), diverted(None)] {
        for command in [schedule(), depart(), arrive(), CANCEL, DIVERT] {
            let outcome = decide([scheduled(), departed(), end.clone()], &command);
            assert_eq!(outcome, Err(FlightRejection::AlreadyLanded), "{command:?} after {end:?}");
        }
    }
}

#[test]
fn a_flight_does_not_land_before_it_departs() {
    let early = FlightCommand::Arrive { at: at("10:17"), delay_minutes: -242 };
    let rejection =
        FlightRejection::LandsBeforeDeparting { departed_at: at("10:17"), landed_at: at("10:17") };
    assert_eq!(decide([scheduled(), departed()], &early), Err(rejection));
}
