//! The log on NATS JetStream: one stream for each domain.

mod acks;
mod append;
mod batch;
mod broker;
mod config;
mod dead;
mod direct;
mod follow;
mod group;
mod ingest;
mod log;
mod message;
mod notes;
mod records;
mod verdict;
mod work;

#[cfg(feature = "testkit")]
pub(crate) use append::{Outgoing, raw_message};
pub use config::{Flush, JetStreamConfig};
pub use dead::{Ask, AskedFor, DeadLetterError, DeadLetters, Discarded, Letter, ParkedLetter, Reason};
pub use ingest::{BulkLoad, BulkLoadError, BulkLoaded};
pub use log::JetStreamLog;
pub use work::{AckError, Backlog, Delivery, Tenure, Term, Work, WorkConfig, WorkEnded, WorkError, WorkKey};
