//! Given events, then rows: tests of a projection without a broker. The crate's own example has one.
//!
//! # Example: an event that can't be right
//!
//! ```
//! # use headwater_event::{Event, JsonSchema};
//! # use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
//! # #[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
//! # struct OrderPaid {
//! #     #[event(key)]
//! #     order: String,
//! #     cents: u64,
//! # }
//! # #[derive(Projection)]
//! # #[projection(name = "payments", applies(OrderPaid))]
//! # struct Payments {
//! #     by_order: Table<String, u64>,
//! # }
//! # impl Apply<OrderPaid> for Payments {
//! #     fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
//! #         if self.by_order.get(tx, &event.data.order)?.is_some() {
//! #             return Err(ApplyError::refused("it is paid already"));
//! #         }
//! #         self.by_order.put(tx, &event.data.order, event.data.cents)
//! #     }
//! # }
//! use headwater_log::service::report;
//! use headwater_subscriber::testkit::halts;
//!
//! let paid = OrderPaid { order: "7".into(), cents: 300 };
//! let (payments, error) = halts::<Payments>([paid.clone(), paid]);
//! assert!(report(&error).ends_with("it is paid already"));
//! payments.expects(|payments, view| assert_eq!(payments.by_order.rows(view).count(), 1));
//! ```
//!
//! # Example: what holds for any projection, one line each
//!
//! ```
//! # use headwater_event::{Event, JsonSchema};
//! # use headwater_subscriber::{Apply, ApplyError, Projection, Recorded, Table, Tx};
//! # use serde::{Deserialize, Serialize};
//! # #[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
//! # #[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
//! # struct OrderPaid {
//! #     #[event(key)]
//! #     order: String,
//! #     cents: u64,
//! # }
//! # #[derive(Projection)]
//! # #[projection(name = "revenue", applies(OrderPaid))]
//! # struct Revenue {
//! #     total: Table<String, u64>,
//! # }
//! # impl Apply<OrderPaid> for Revenue {
//! #     fn apply(&self, event: &Recorded<'_, OrderPaid>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
//! #         self.total.update(tx, &"cents".into(), |cents| *cents += event.data.cents)
//! #     }
//! # }
//! use headwater_subscriber::testkit::{order_across_keys_does_not_matter, replay_twice_is_idempotent};
//!
//! let paid = |order: &str, cents| OrderPaid { order: order.into(), cents };
//! replay_twice_is_idempotent::<Revenue>([paid("1", 300), paid("2", 50)]);
//! order_across_keys_does_not_matter::<Revenue>([paid("1", 300), paid("2", 50)]);
//! ```
#![allow(clippy::expect_used, reason = "what fails here fails the test that it is part of")]

mod given;
mod ordering;
mod outcome;
mod partitioning;
mod projected;
mod replaying;
mod versions;

pub use given::Given;
pub use ordering::order_across_keys_does_not_matter;
pub use partitioning::partitions_share_no_rows;
pub use projected::{Projected, halts, project};
pub use replaying::replay_twice_is_idempotent;
pub use versions::{accepts_every_registered_version, accepts_every_version_in};
