//! The runtime for services that publish events.

pub mod records;
