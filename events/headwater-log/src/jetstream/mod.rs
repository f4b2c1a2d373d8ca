//! The log on NATS JetStream: one stream for each domain.

mod acks;
mod append;
mod batch;
mod broker;
mod config;
mod direct;
mod follow;
mod group;
mod ingest;
mod log;
mod message;
mod notes;
mod verdict;

#[cfg(feature = "testkit")]
pub(crate) use append::{Outgoing, raw_message};
pub use config::{Flush, JetStreamConfig};
pub use ingest::{BulkLoad, BulkLoadError, BulkLoaded};
pub use log::JetStreamLog;
