//! Work on events: a durable consumer with explicit acknowledgements, and one instance at a time that has it.
//!
//! A connection that works needs the permission to publish to `work.<name>`, `$JS.ACK.EVT_<domain>.<name>.>`,
//! `$JS.API.CONSUMER.{INFO,CREATE,RESET,MSG.NEXT}` of its consumer, and to create and read the stream `WORK`.

mod backlog;
mod config;
mod delivery;
mod error;
mod key;
mod lease;
mod session;
mod term;

pub use backlog::Backlog;
pub use config::WorkConfig;
pub use delivery::{AckError, Delivery};
pub use error::{WorkEnded, WorkError};
pub use key::WorkKey;
pub use term::{Tenure, Term, Work};
