use headwater_event::Event;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FlightId;

/// The aircraft reached the gate at its destination.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "flights", aggregate = "flight", name = "arrived", version = 1)]
pub struct FlightArrived {
    /// The flight.
    #[event(key)]
    pub flight: FlightId,
    /// When it reached the gate.
    pub arrived_at: Timestamp,
    /// Minutes after the scheduled arrival; negative when it was early.
    pub delay_minutes: i32,
}
