use flight_events::Airport;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything that has happened to one flight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlightRecord {
    /// Where it goes.
    pub destination: Airport,
    /// When it should leave the gate.
    pub scheduled_departure: Timestamp,
    /// When it should reach the gate.
    pub scheduled_arrival: Timestamp,
    /// The aircraft, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail_number: Option<String>,
    /// When it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_at: Option<Timestamp>,
    /// That it has left the gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub departure: Option<Movement>,
    /// Where its journey ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landing: Option<Landing>,
}

/// That a flight left or reached a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Movement {
    /// When.
    pub at: Timestamp,
    /// How late, in minutes; negative when early.
    pub delay_minutes: i32,
}

/// How a journey ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Landing {
    /// At the destination's gate.
    Arrived(Movement),
    /// Elsewhere; it became known then.
    Diverted(Timestamp),
}
