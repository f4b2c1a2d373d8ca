//! The transactional outbox: a service that keeps its state in PostgreSQL changes it and says so in one
//! transaction, and a relay publishes what was said, exactly once on the stream.
//!
//! [`Outbox`] stores events in the service's own transaction. [`Relay`] appends them to a log. Between the two
//! are only tables, so that either may be killed at any moment.
//!
//! # Order
//!
//! Events of one aggregate are relayed in the order in which the transactions that enqueued them commit. A number
//! from a sequence alone wouldn't give that: a transaction may draw a lower number, and commit later. So enqueuing
//! locks the aggregate's row first, until the transaction ends, and draws the position afterwards: whoever
//! enqueues for the same aggregate waits for the lock, and draws a higher one.
//!
//! Positions of different aggregates may become visible in another order than their numbers. The relay
//! keeps no cursor that such a row could be below: it reads whatever waits, lowest position first, and deletes what is
//! stored. A transaction that has seen another's effects has a higher position and becomes visible later, so its
//! events are sent later, too; but different aggregates are under way at once, and an append that must be sent
//! again may come behind others'. Only the order within an aggregate is a promise.
//!
//! The usual alternative, to relay only rows below the oldest running transaction (`pg_snapshot_xmin`), gives no
//! more to an aggregate, and lets any forgotten transaction of the whole database server hold up all events.
//!
//! # Exactly once
//!
//! Each append says which version of its aggregate it follows: the sequence of the last event that the outbox has
//! seen stored, which is below the event that is sent now. If the log has gone on from there, the relay reads
//! what there is, looks for the event by its id, and appends it at the end only if it isn't there. An append is so
//! never sent at a version up to which the event's absence isn't known; the rest the log's own check does. It
//! needs neither a window in time nor the relay's lock, so a relay that died before it wrote down what
//! it had stored, and one that wakes after a month, change nothing.

mod command;
mod delivery;
mod enqueue_error;
mod housekeeping;
mod in_hand;
mod known_schemas;
mod outbox;
mod relay;
mod relay_error;
mod schema;
mod session;
mod streams;
mod term;

pub use command::{Enqueued, OutboxCommand};
pub use enqueue_error::EnqueueError;
pub use housekeeping::{Forgotten, Pending, Refusal};
pub use outbox::Outbox;
pub use relay::{Relay, RelaySummary};
pub use relay_error::RelayError;
pub use schema::MigrateError;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/outbox.md")]
struct Guide;
