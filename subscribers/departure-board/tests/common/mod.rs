//! Flights, and what happens to them.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use flight_events::{
    FlightArrived, FlightCancelled, FlightDeparted, FlightDiverted, FlightId, FlightScheduled,
    scheduled_departure,
};
use headwater_subscriber::testkit::Given;
use jiff::{SignedDuration, Timestamp};

/// In New York it is five hours earlier than in UTC, in winter.
pub(crate) const JFK_0900: &str = "2013-01-01-B6-9-JFK-0900";

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(crate) fn flight(name: &str) -> FlightId {
    name.parse().unwrap()
}

/// To Los Angeles in six hours.
pub(crate) fn scheduled(name: &str) -> Given {
    let scheduled_departure = scheduled_departure(&flight(name));
    FlightScheduled {
        flight: flight(name),
        destination: "LAX".parse().unwrap(),
        scheduled_departure,
        scheduled_arrival: scheduled_departure + SignedDuration::from_hours(6),
        tail_number: Some("N14228".to_owned()),
    }
    .into()
}

pub(crate) fn departed(name: &str, time: &str, delay_minutes: i32) -> Given {
    FlightDeparted { flight: flight(name), departed_at: at(time), delay_minutes }.into()
}

pub(crate) fn arrived(name: &str, time: &str, delay_minutes: i32) -> Given {
    FlightArrived { flight: flight(name), arrived_at: at(time), delay_minutes }.into()
}

/// It becomes known at `time`.
pub(crate) fn cancelled(name: &str, time: &str) -> Given {
    Given::at(at(time), FlightCancelled { flight: flight(name) })
}

/// It becomes known at `time`.
pub(crate) fn diverted(name: &str, time: &str) -> Given {
    Given::at(at(time), FlightDiverted { flight: flight(name), arrived_at: None })
}
