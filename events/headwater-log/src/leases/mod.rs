//! What several instances of one service share through the broker: leases with epochs, and partitions on top of them.

mod assignment;
mod belief;
mod config;
mod error;
mod group;
mod lease;
mod member;
mod partitions;
mod record;
mod session;
mod view;

pub use assignment::assign;
pub use belief::Loss;
pub use config::LeaseConfig;
pub use error::LeaseError;
pub use group::Leases;
pub use lease::Lease;
pub use member::Member;
pub use partitions::{Change, Partitions};
pub use view::Owner;
