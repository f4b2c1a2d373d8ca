//! What a service publishes and subscribes, and the findings about it.
//!
//! A [`Contract`] is the `contract.toml` beside a service's `Cargo.toml`. Whatever is wrong with one, or with
//! how several of them fit together, is a [`Finding`] with a [`Code`], and [`render`] shows findings in a
//! terminal, inside cargo's output, or to a program.

mod code;
mod contract;
mod finding;
mod names;
mod place;
pub mod render;
mod suggest;

pub use code::{Code, Severity};
pub use contract::{Contract, Exemption, External, Kept, Publication, Service, Spanned, Subscription};
pub use finding::Finding;
pub use names::{EventName, EventRef, NameError, RefError};
pub use place::{Excerpt, Place, Position};
pub use suggest::{nearest, nearest_event};
