//! Checks the events and the contracts of the reference system.

use flight_events::FlightEvent;
use headwater_schema_gate::Gate;
use weather_events::StationObserved;

fn main() {
    Gate::new().repository("headwater").events::<FlightEvent>().events::<StationObserved>().run();
}
