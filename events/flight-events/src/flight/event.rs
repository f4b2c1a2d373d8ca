use headwater_event::EventSet;

use super::{FlightArrived, FlightCancelled, FlightDeparted, FlightDiverted, FlightScheduled};

/// All that can happen to a flight.
#[derive(Debug, Clone, PartialEq, EventSet)]
pub enum FlightEvent {
    /// It was put on the timetable.
    Scheduled(FlightScheduled),
    /// It left the gate.
    Departed(FlightDeparted),
    /// It reached the gate at its destination.
    Arrived(FlightArrived),
    /// It was called off.
    Cancelled(FlightCancelled),
    /// It was not completed as scheduled.
    Diverted(FlightDiverted),
}
