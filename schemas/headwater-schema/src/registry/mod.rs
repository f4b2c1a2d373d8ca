//! The schemas that were ever registered, as files that are only ever added.
//!
//! A registry is a directory with a `registry.toml` and, for each version of each event, two documents: what
//! is written (`v2.ser.json`) and what can be read (`v2.de.json`). A compatible change adds two more,
//! `v2.1.ser.json` and `v2.1.de.json`. Nothing is changed or removed: what was written with a schema stays in the
//! streams for good.

mod accept;
mod breach;
mod canonical;
mod change;
mod delta;
mod drift;
mod layout;
mod load;
mod meaning;
mod model;
mod rename;
mod settings;
mod side;
mod staged;

pub use accept::{AcceptError, Kind, Plan, Registration};
pub use delta::{Delta, deltas};
pub use load::Loaded;
pub use model::{Document, DocumentError, Registry, Revision};
pub use side::{Side, UnknownSide};
pub use staged::Staged;
