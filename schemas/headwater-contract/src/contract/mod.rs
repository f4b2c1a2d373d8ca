//! The `contract.toml` of a service.

mod events;
mod keeps;
mod model;
mod parse;
mod publishes;
mod reader;
mod service;
mod subscribes;
mod values;

pub use model::{Contract, Exemption, External, Kept, Publication, Service, Spanned, Subscription};
