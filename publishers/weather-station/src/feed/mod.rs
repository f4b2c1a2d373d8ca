//! The records as a feed of commands in the order of their time.

mod item;
mod record_feed;
mod row;
mod weather_feed;

pub use item::FeedItem;
pub use weather_feed::WeatherFeed;
