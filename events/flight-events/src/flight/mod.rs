mod arrived;
mod cancelled;
mod departed;
mod departed_v1;
mod diverted;
mod event;
mod scheduled;

pub use arrived::FlightArrived;
pub use cancelled::FlightCancelled;
pub use departed::FlightDeparted;
pub use departed_v1::FlightDepartedV1;
pub use diverted::FlightDiverted;
pub use event::FlightEvent;
pub use scheduled::FlightScheduled;
