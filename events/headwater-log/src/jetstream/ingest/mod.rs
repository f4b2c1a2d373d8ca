//! Bulk loads by the server's fast ingest (NATS ADR-50, server 2.14): messages of one batch are stored as they
//! come, and acknowledged some hundreds at a time.

mod batch;
mod begin;
mod bulk_load;
mod error;
mod failure;
mod protocol;
mod recent;
mod recovery;
mod sending;
mod versions;
mod walk;

pub use bulk_load::{BulkLoad, BulkLoaded};
pub use error::BulkLoadError;
