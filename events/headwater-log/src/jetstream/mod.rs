//! The log on NATS JetStream: one stream for each domain.

mod append;
mod batch;
mod config;
mod direct;
mod driver;
mod follow;
mod group;
mod log;
mod message;
mod notes;
mod verdict;

pub use config::{Flush, JetStreamConfig};
pub use log::JetStreamLog;
