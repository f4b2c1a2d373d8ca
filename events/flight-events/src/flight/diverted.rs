use headwater_event::Event;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FlightId;

/// The flight departed and was not completed as scheduled: it landed elsewhere first, or for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "flights", aggregate = "flight", name = "diverted", version = 1)]
pub struct FlightDiverted {
    /// The flight.
    #[event(key)]
    pub flight: FlightId,
    /// When it reached its destination after all, if the records know of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Timestamp>,
}
