//! The runtime for services that build projections from events.
//!
//! A projection is a struct of [`Table`]s and an [`Apply`] for each event that it reads. It is a pure
//! function from event and transaction to writes: it gets no client, no clock and no random number, so a
//! replay yields the same state, and sends no email. State and position commit together, so every event
//! takes effect exactly once, whenever the process is killed.
//!
//! A service's projection names its contract, with which it is compared when it is compiled:
//! `#[projection(contract = "contract.toml", applies(...))]`. In a test a name will do.
//!
//! What is to be done in the world outside is a [`Reactor`]'s: effects at least once, in the order of each aggregate, with attempts,
//! a circuit breaker, and dead letters for what can't be done.
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
//!
//! // In a test, with the feature `testkit`:
//! use headwater_subscriber::testkit::project;
//!
//! let paid = |order: &str, cents| OrderPaid { order: order.into(), customer: "ada".into(), cents };
//! project::<Revenue>([paid("1", 300), paid("2", 50)]).replayed_twice().expects(|revenue, view| {
//!     assert_eq!(revenue.by_customer.find(view, &"ada".into()).unwrap(), Some(350));
//! });
//! ```

// The derive macro names this crate by its path.
extern crate self as headwater_subscriber;

mod applier;
mod apply;
mod build_id;
mod builds;
mod commits;
mod flusher;
mod front;
pub mod http;
mod index;
mod lanes;
mod metrics;
mod ordered_key;
mod overlay;
mod pace;
mod partition;
mod parts;
mod positions;
mod projection;
mod projector;
mod projector_error;
mod query;
mod query_server;
mod reactor;
mod recorded;
mod replica;
mod row;
mod service;
mod sharing;
mod sharing_args;
mod span;
mod state;
mod store;
mod store_args;
mod store_error;
mod streams;
mod succession;
mod table;
mod table_info;
mod tenancy;
mod tx;
mod view;

#[cfg(feature = "testkit")]
pub mod conformance;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use apply::{Apply, ApplyError};
pub use build_id::{BuildId, BuildIdError};
pub use builds::{Builds, BuildsError, KeptBuild, Register, RolledBack};
pub use headwater_event::{ContractText, Contracted, Event, EventSchema, EventType};
pub use headwater_event_derive::{Projection, Reactor};
pub use headwater_log::StoredEvent;
pub use headwater_log::service::Exit;
pub use index::{Has, Index, Indexes};
pub use ordered_key::{OrderedKey, Padded};
pub use partition::{Partitioning, PartitioningError};
pub use positions::Positions;
pub use projection::Projection;
pub use projector::{Projector, ProjectorOptions};
pub use projector_error::ProjectorError;
pub use query::{Query, QueryError, running_builds};
pub use reactor::{
    BreakerState, Effect, IdempotencyKey, React, ReactError, Reactor, ReactorArgs, ReactorError,
    ReactorHealth, ReactorHttp, ReactorOptions, ReactorRunner, ReactorStatus, reactor_main,
    reactor_main_with,
};
pub use recorded::Recorded;
pub use replica::{ArchiveError, ReplicaError, ReplicaSchedule, ReplicaStamp, ReplicaWriting, Replicas};
pub use row::Row;
pub use service::{SubscriberArgs, main, main_with};
pub use sharing::{PartitionMap, PartitionOwner, Sharing};
pub use store::{Entries, Entry, Order, Snapshot, Store, StoreKind, StorePlace, Stores, Write};
#[cfg(feature = "postgres")]
pub use store::{PostgresAddressError, PostgresConfig, PostgresStore, PostgresStoreError};
pub use store_error::StoreError;
pub use succession::{BuildStatus, Standing};
pub use table::Table;
pub use table_info::{IndexInfo, TableInfo};
pub use tx::Tx;
pub use view::View;

/// What the derive macro needs and nobody else should name.
#[doc(hidden)]
pub mod __private {
    pub use headwater_event::__private::*;
}

#[cfg(all(doctest, feature = "postgres"))]
#[doc = include_str!("../../../docs/guides/postgres-store.md")]
struct PostgresStoreGuide;

/// The guide's code compiles.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/reactors.md")]
struct Guide;
