//! The runtime for services that build projections from events.
//!
//! A projection is a struct of [`Table`]s and an [`Apply`] for each event that it reads. It is a pure
//! function from event and transaction to writes: it gets no client, no clock and no random number, so a
//! replay yields the same state, and sends no email. State and position commit together, so every event
//! takes effect exactly once, whenever the process is killed.
//!
//! # Example: a projection and its test
//!
//! ```
//! use headwater_event::{Event, JsonSchema};
//! use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
//! #[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
//! struct OrderPaid {
//!     #[event(key)]
//!     order: String,
//!     customer: String,
//!     cents: u64,
//! }
//!
//! #[derive(Projection)]
//! #[projection(name = "revenue", applies(OrderPaid))]
//! struct Revenue {
//!     by_customer: Table<String, u64>,
//! }
//!
//! impl Apply<OrderPaid> for Revenue {
//!     fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
//!         self.by_customer.update(tx, &event.data.customer, |cents| *cents += event.data.cents)
//!     }
//! }
//! ```

// The derive macro names this crate by its path.
extern crate self as headwater_subscriber;

mod apply;
mod overlay;
mod projection;
mod projector;
mod query;
mod recorded;
mod service;
mod store;
mod table;

pub use apply::{Apply, ApplyError};
pub use headwater_event::{Event, EventType};
pub use headwater_event_derive::Projection;
pub use headwater_log::StoredEvent;
pub use overlay::Tx;
pub use projection::Projection;
pub use projector::{Projector, ProjectorError};
pub use query::{Query, QueryError};
pub use recorded::Recorded;
pub use service::{SubscriberArgs, main};
pub use store::{Row, Store, StoreError, View};
pub use table::Table;
