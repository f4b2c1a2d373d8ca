//! A store in PostgreSQL: each table of the projection is a table of SQL, which other services read.

mod batch;
mod bounds;
mod builds;
mod config;
mod connector;
mod document;
mod error;
mod failure;
mod fence;
mod io_thread;
mod layout;
mod pages;
mod pool;
mod postgres_store;
mod query;
mod retry;
mod schema;
mod session;
mod site;
mod snapshot;
mod stable;
mod unshown;
mod writer;

pub use config::{PostgresAddressError, PostgresConfig};
pub use error::PostgresStoreError;
pub use postgres_store::PostgresStore;
