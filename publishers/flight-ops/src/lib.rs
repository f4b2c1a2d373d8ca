//! Publishes the flights of New York's three airports, from the public records of 2013.
//!
//! [`Flight`] decides what may happen to a flight. A [`FlightFeed`] turns the records into commands in
//! the order of their time, as if they came in live.

mod feed;
mod flight;
mod records;

pub use feed::{FeedItem, FlightFeed};
pub use flight::{Flight, FlightCommand, FlightOutbox, FlightRejection};
pub use records::{BUILT_IN, record_source};
