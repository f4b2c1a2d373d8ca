//! The records as a feed of commands in the order of their time.

mod airports;
mod flight_feed;
mod item;
mod itinerary;
mod record_feed;
mod row;
mod zone;

pub use flight_feed::FlightFeed;
pub use item::FeedItem;
