use flight_events::{FlightArrived, FlightCancelled, FlightDeparted, FlightDiverted, FlightScheduled};
use headwater_event::{Publishes, outbox};

/// All that is published of flights.
#[outbox(contract = "contract.toml")]
pub struct FlightOutbox {
    pub(super) scheduled: Publishes<FlightScheduled>,
    pub(super) departed: Publishes<FlightDeparted>,
    pub(super) arrived: Publishes<FlightArrived>,
    pub(super) cancelled: Publishes<FlightCancelled>,
    pub(super) diverted: Publishes<FlightDiverted>,
}
