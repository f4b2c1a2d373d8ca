use headwater_event::Event;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Airport, FlightId};

/// The flight was put on the timetable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "flights", aggregate = "flight", name = "scheduled", version = 1)]
pub struct FlightScheduled {
    /// The flight.
    #[event(key)]
    pub flight: FlightId,
    /// Where it is to land.
    pub destination: Airport,
    /// When it is to leave the gate.
    pub scheduled_departure: Timestamp,
    /// When it is to reach the gate.
    pub scheduled_arrival: Timestamp,
    /// The aircraft's registration, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tail_number: Option<String>,
}
