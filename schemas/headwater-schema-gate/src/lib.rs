//! What a build script calls, so that events and contracts which don't fit together are build errors.
//!
//! A workspace has one gate: a crate without code whose build script names the events, and on which every
//! service depends. So `cargo check` of any service fails when a type has drifted from its registered schema,
//! or when a contract doesn't fit the others.
//!
//! # Example: the `build.rs` of a gate
//!
//! ```no_run
//! # use headwater_event::{Event, JsonSchema};
//! # #[derive(serde::Serialize, serde::Deserialize, JsonSchema, Event)]
//! # #[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
//! # struct OrderPaid { #[event(key)] order: String }
//! fn main() {
//!     headwater_schema_gate::Gate::new().events::<OrderPaid>().run();
//! }
//! ```
//!
//! and its `Cargo.toml`, where the events are build-dependencies:
//!
//! ```toml
//! [build-dependencies]
//! order-events = { path = "../../events/order-events" }
//! headwater-schema-gate = "0.1"
//! ```
//!
//! Whoever wants contracts and schemas for another repository adds to the `lib.rs`:
//!
//! ```text
//! pub const BUNDLE: &str = include_str!(concat!(env!("OUT_DIR"), "/headwater-bundle.json"));
//! ```

mod check;
mod environment;
mod gate;
mod gate_error;
mod import;
mod lock;
mod manifest;
mod output;
mod setup;
mod survey;
mod target_dir;
mod types;
mod workspace;

pub use check::Checked;
pub use environment::{SourceDateEpochError, today};
pub use gate::Gate;
pub use gate_error::{ReadError, WorkspaceError};
pub use setup::Setup;
pub use survey::Survey;
