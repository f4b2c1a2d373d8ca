use headwater_event::{Event, JsonSchema};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Event)]
#[event(namespace = "Example Org", domain = "Flights", aggregate = "flight.leg", name = "", version = 1)]
struct FlightDeparted {
    #[event(key)]
    order: String,
}

fn main() {}
