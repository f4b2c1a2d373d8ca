//! Registered JSON Schemas, their compatibility, and whether the contracts of a system fit together.

mod about;
pub mod asyncapi;
mod bundle;
#[cfg(feature = "catalogue")]
pub mod catalogue;
pub mod compat;
pub mod deploy;
pub mod graph;
mod keywords;
pub mod registry;
mod sample;
mod snapshot;

pub use about::About;
pub use bundle::{Bundle, BundleError, BundledContract, BundledEvent, BundledRevision};
pub use headwater_contract::{
    Code, Contract, EventName, EventRef, Exemption, External, Finding, Kept, NameError, Place, Publication,
    RefError, Service, Severity, Subscription, nearest, render,
};
pub use sample::{sample, samples};
pub use snapshot::{Snapshot, TypeSchemas};
