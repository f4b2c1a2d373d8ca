//! Real NATS servers for tests: one server or a cluster, started, killed, paused and cut off at will; and the proof
//! of what a stream holds afterwards ([`StreamCheck`]).
//!
//! A test that needs a broker gets a broker: the pinned `nats-server` is found or fetched once
//! ([`nats_server`]), each [`Server`] has its own ports and store, and a missing broker is a failed test that
//! says how to get one, never a skipped test.
//!
//! # Example: a server that loses power
//!
//! ```no_run
//! use headwater_log::testkit::Server;
//!
//! # async fn example() -> Result<(), headwater_log::testkit::TestkitError> {
//! let mut server = Server::builder().sync_always().start().await?;
//! // ... store something through `server.url()` ...
//! server.kill().await?;
//! server.restart().await?; // the same port, the same store
//! # Ok(())
//! # }
//! ```

mod baseline;
mod claim;
mod cluster;
mod deadline;
mod error;
mod fetch;
mod meter;
mod monitor;
mod nats_server;
mod patience;
mod port;
mod postgres;
mod proxy;
mod random;
mod raw_reader;
mod server;
mod server_builder;
mod signal;
mod stream_check;
mod victim;
mod wheel;
mod witness;

pub use baseline::{Baseline, BaselineHeaders, BaselineMessage};
pub use claim::{Claim, EventName, Told};
pub use cluster::Cluster;
pub use error::TestkitError;
pub use meter::{Rounds, Way, nanoseconds, per_second};
pub use nats_server::{NATS_SERVER_VERSION, cache_directory, nats_server};
pub use patience::{PATIENCE, eventually, soon};
pub use port::Port;
pub use postgres::{Postgres, PostgresError};
pub use proxy::Proxy;
pub use random::Random;
pub use raw_reader::{RawReader, RawReading};
pub use server::Server;
pub use server_builder::ServerBuilder;
pub use stream_check::{Evidence, Finding, StreamCheck, StreamCheckError, StreamReport};
pub use victim::Victim;
pub use wheel::Wheel;
pub use witness::Witness;
