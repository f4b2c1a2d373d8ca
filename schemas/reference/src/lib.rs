//! The build gate of the reference system: its build script checks all contracts.

/// The contracts and the registered schemas of the reference system, for the gates of other repositories:
/// `Gate::new().import(reference::BUNDLE)`.
pub const BUNDLE: &str = include_str!(concat!(env!("OUT_DIR"), "/headwater-bundle.json"));
