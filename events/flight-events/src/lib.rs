//! The events of the reference domain `flights`.
//!
//! One [`Flight`](FlightId) is one aggregate: it is scheduled, it departs and arrives, or it is
//! cancelled or diverted. [`FlightEvent`] is all of that as one type.
//!
//! # Example: a flight's name
//!
//! ```
//! use flight_events::FlightId;
//!
//! let flight: FlightId = "2013-01-01-UA-1545-EWR-0515".parse()?;
//! assert_eq!(flight.carrier.as_str(), "UA");
//! assert_eq!(flight.scheduled.hour().get(), 5);
//! # Ok::<(), flight_events::FlightIdError>(())
//! ```

mod airport;
mod carrier;
mod code;
mod flight;
mod flight_id;
mod hour_of_day;
mod local_time;
mod origin_zone;

pub use airport::{Airport, AirportError};
pub use carrier::{Carrier, CarrierError};
pub use flight::{
    FlightArrived, FlightCancelled, FlightDeparted, FlightDepartedV1, FlightDiverted, FlightEvent,
    FlightScheduled,
};
pub use flight_id::{FlightId, FlightIdError};
pub use hour_of_day::{HourOfDay, HourOfDayError};
pub use local_time::{LocalTime, LocalTimeError};
pub use origin_zone::scheduled_departure;
