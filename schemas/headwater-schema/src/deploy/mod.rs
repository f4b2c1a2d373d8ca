//! Whether a service fits the services that are running: what it would publish and read, against what they do.
//!
//! A build compares contracts of one commit. What runs was built from several, so each service announces its
//! contract and its schemas while it runs, and whoever comes next is compared with that.

mod announcement;
mod check;
mod fit;
mod unmet;

pub use announcement::{AnnouncedContract, AnnouncedSchema, Announcement, AnnouncementError};
pub use check::check;
pub use unmet::unmet;
