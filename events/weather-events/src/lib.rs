//! The events of the reference domain `weather`.
//!
//! One [station](StationId) is one aggregate; it [observes](StationObserved) every hour.

mod station_id;
mod station_observed;

pub use station_id::{StationId, StationIdError};
pub use station_observed::StationObserved;
