use headwater_event::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FlightId;

/// The aircraft left the gate, as version 1 told it: with the delay only.
///
/// Kept to read what was stored; [`FlightDeparted`](crate::FlightDeparted) is what is published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "flights", aggregate = "flight", name = "departed", version = 1)]
pub struct FlightDepartedV1 {
    /// The flight.
    #[event(key)]
    pub flight: FlightId,
    /// Minutes after the scheduled departure; negative when it left early.
    pub delay_minutes: i32,
}
