//! The log on NATS JetStream: one stream for each domain.

mod append;
mod batch;
mod config;
mod direct;
mod driver;
mod follow;
mod ingest;
mod log;
mod message;
mod verdict;

pub use config::JetStreamConfig;
pub use ingest::{BulkLoad, BulkLoadError, BulkLoaded};
pub use log::JetStreamLog;
