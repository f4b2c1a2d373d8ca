//! Publishes the hourly weather observations at New York's three airports.
//!
//! [`Station`] takes observations in the order of their time only. A [`WeatherFeed`] turns the records of
//! all stations into commands in that order, as if they came in live.

mod feed;
mod records;
mod station;

pub use feed::{FeedItem, WeatherFeed};
pub use records::{BUILT_IN, record_source};
pub use station::{Station, StationCommand, StationOutbox, StationRejection};
