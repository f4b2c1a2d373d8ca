//! The contracts of the services that are running: each announces its own, and compares it with the others' first.

mod announce;
mod announced;
mod bucket;
mod check;
mod entry;
mod error;
mod joined;
mod registry;

pub use announce::{announce, instance};
pub use announced::Announced;
pub use check::ContractCheck;
pub use error::AnnounceError;
pub use joined::Joined;
pub use registry::{Contracts, Running, RunningService, Unreadable};
