use headwater_event::Event;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FlightDepartedV1;
use crate::{FlightId, scheduled_departure};

/// The aircraft left the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "flights", aggregate = "flight", name = "departed", version = 2, upcasts = FlightDepartedV1)]
pub struct FlightDeparted {
    /// The flight.
    #[event(key)]
    pub flight: FlightId,
    /// When it left.
    pub departed_at: Timestamp,
    /// Minutes after the scheduled departure; negative when it left early.
    pub delay_minutes: i32,
}

/// Version 1 left the time to the reader: it is the scheduled departure plus the delay.
impl From<FlightDepartedV1> for FlightDeparted {
    fn from(old: FlightDepartedV1) -> Self {
        let delay = SignedDuration::from_mins(i64::from(old.delay_minutes));
        let scheduled = scheduled_departure(&old.flight);
        let departed_at = scheduled.checked_add(delay).unwrap_or(if old.delay_minutes < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        });
        Self { flight: old.flight, departed_at, delay_minutes: old.delay_minutes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_version_1_with_the_time_that_its_delay_implies() {
        let stored = br#"{"flight":"2013-01-01-UA-1545-EWR-0515","delay_minutes":2}"#;
        let departed = <FlightDeparted as Event>::decode(1, stored).unwrap();
        assert_eq!(departed.departed_at.to_string(), "2013-01-01T10:17:00Z");
        assert_eq!(departed.delay_minutes, 2);
    }

    #[test]
    fn reads_an_early_start_of_version_1_on_the_day_before() {
        let stored = br#"{"flight":"2013-03-11-B6-739-JFK-0010","delay_minutes":-15}"#;
        let departed = <FlightDeparted as Event>::decode(1, stored).unwrap();
        assert_eq!(departed.departed_at.to_string(), "2013-03-11T03:55:00Z");
    }

    #[test]
    fn reads_its_own_version_as_it_is() {
        let departed = FlightDeparted {
            flight: "2013-01-01-UA-1545-EWR-0515".parse().unwrap(),
            departed_at: "2013-01-01T10:17:00Z".parse().unwrap(),
            delay_minutes: 2,
        };
        let stored = serde_json::to_vec(&departed).unwrap();
        assert_eq!(<FlightDeparted as Event>::decode(2, &stored).unwrap(), departed);
    }
}
