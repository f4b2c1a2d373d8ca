//! A real PostgreSQL server for tests: started, killed and restarted at will.
//!
//! A test that needs a database gets one: its programs are found, or fetched once, and each [`Postgres`] has its own
//! port and directory. A missing server is a failed test that says how to get one, never a skipped test.
//!
//! # Example: a database that crashes
//!
//! ```no_run
//! use headwater_log::testkit::Postgres;
//!
//! # async fn example() -> Result<(), headwater_log::testkit::PostgresError> {
//! let mut postgres = Postgres::start().await?;
//! // ... commit something through `postgres.url()` ...
//! postgres.kill().await?;
//! postgres.restart().await?; // the same port, the same data
//! # Ok(())
//! # }
//! ```

mod error;
mod handshake;
mod owner;
mod programs;
mod server;

pub use error::PostgresError;
pub use server::Postgres;
