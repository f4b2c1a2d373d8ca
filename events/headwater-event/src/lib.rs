//! Events, deciders and validated CloudEvents: the words that publishers and subscribers share.
//!
//! An [`Event`] is a plain serde struct with a derive. A [`Decider`] turns commands into events. An
//! [`Envelope`] is the CloudEvent that carries an event, and it is never an invalid one. This crate
//! knows no broker and no runtime: what a domain's types are made of compiles in seconds and is
//! tested without I/O.
//!
//! # Example: an event and its upcaster
//!
//! ```
//! use headwater_event::{Event, JsonSchema};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
//! #[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
//! struct OrderPaidV1 {
//!     #[event(key)]
//!     order: String,
//!     euros: u64,
//! }
//!
//! /// Prices are in cents since version 2.
//! #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
//! #[event(domain = "orders", aggregate = "order", name = "paid", version = 2, upcasts = OrderPaidV1)]
//! struct OrderPaid {
//!     #[event(key)]
//!     order: String,
//!     cents: u64,
//! }
//!
//! impl From<OrderPaidV1> for OrderPaid {
//!     fn from(old: OrderPaidV1) -> Self {
//!         Self { order: old.order, cents: old.euros * 100 }
//!     }
//! }
//!
//! let stored = br#"{"order":"7","euros":3}"#;
//! assert_eq!(OrderPaid::decode(1, stored)?, OrderPaid { order: "7".into(), cents: 300 });
//! # Ok::<(), headwater_event::DecodeError>(())
//! ```

// The derive macros name this crate by its path; so do its own examples and tests.
extern crate self as headwater_event;

mod context;
mod contract_check;
mod contracted;
mod decider;
mod envelope;
mod event;
mod event_schema;
mod event_type;
mod events;
mod fingerprint;
mod outbox;
#[cfg(feature = "validation")]
mod schemas;
mod subject;
mod trace;

pub use context::CommandContext;
pub use contracted::{ContractText, Contracted};
pub use decider::Decider;
pub use envelope::{AttributeValue, Envelope, EnvelopeBuilder, EnvelopeError};
pub use event::{DecodeError, Event, EventSet, Holds};
pub use event_schema::{EventSchema, SourceLine, declared_events};
pub use event_type::{EventType, EventTypeError};
pub use events::Events;
pub use fingerprint::Fingerprint;
pub use headwater_event_derive::{Event, EventSet, outbox};
pub use outbox::{Outbox, Publishes};
pub use schemars::JsonSchema;
#[cfg(feature = "validation")]
pub use schemas::{SchemaError, SchemaViolation, Schemas};
pub use subject::{Aggregate, Domain, EventFilter, SubjectError};
pub use trace::{TraceContext, TraceContextError};

/// What the derive macros need and nobody else should name.
#[doc(hidden)]
pub mod __private {
    pub use std::vec;
    pub use std::vec::Vec;

    pub use bytes::Bytes;
    pub use {inventory, serde_json};

    pub use crate::contract_check::{Declared, Match, Message, find, has};
    pub use crate::event_schema::{Declaration, schema_of};
    pub use crate::outbox::publishes;
}
