use flight_events::{Airport, Carrier, FlightDeparted, FlightId, scheduled_departure};
use jiff::Timestamp;
use serde::Serialize;

/// What the webhook is told, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// The flight.
    pub flight: FlightId,
    /// Its airline.
    pub carrier: Carrier,
    /// The airline's number for it.
    pub number: u16,
    /// Where it departed.
    pub origin: Airport,
    /// When it should have departed.
    pub scheduled_departure: Timestamp,
    /// When it did.
    pub departed_at: Timestamp,
    /// How many minutes later that was.
    pub delay_minutes: i32,
}

impl From<&FlightDeparted> for Alert {
    fn from(departed: &FlightDeparted) -> Self {
        let FlightDeparted { flight, departed_at, delay_minutes } = *departed;
        Self {
            flight,
            carrier: flight.carrier,
            number: flight.number,
            origin: flight.origin,
            scheduled_departure: scheduled_departure(&flight),
            departed_at,
            delay_minutes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_all_that_the_receiver_would_have_to_look_up() {
        let departed = FlightDeparted {
            flight: "2013-01-01-UA-1545-EWR-0515".parse().unwrap(),
            departed_at: "2013-01-01T11:27:00Z".parse().unwrap(),
            delay_minutes: 72,
        };
        assert_eq!(
            serde_json::to_string(&Alert::from(&departed)).unwrap(),
            r#"{"flight":"2013-01-01-UA-1545-EWR-0515","carrier":"UA","number":1545,"origin":"EWR","#
                .to_owned()
                + r#""scheduled_departure":"2013-01-01T10:15:00Z","departed_at":"2013-01-01T11:27:00Z","#
                + r#""delay_minutes":72}"#
        );
    }
}
