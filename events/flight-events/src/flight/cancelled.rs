use headwater_event::Event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FlightId;

/// The flight was called off before it departed.
///
/// The records don't say when, so the event doesn't either; its CloudEvent's `time` is the
/// scheduled departure, by which it is certain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "flights", aggregate = "flight", name = "cancelled", version = 1)]
pub struct FlightCancelled {
    /// The flight.
    #[event(key)]
    pub flight: FlightId,
}
