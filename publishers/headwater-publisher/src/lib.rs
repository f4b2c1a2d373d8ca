//! The runtime for services that publish events.
//!
//! [`Aggregates`] handles commands: it loads an aggregate, lets its decider decide, and appends the events
//! with the version on which the decision rests, so that no two decisions are made on the same state.
//! [`Together`] is a command on which several aggregates decide, and all their events are stored or none.
//! [`Feed`] does the same for a source of commands that never waits for an answer, with many appends
//! under way at once. [`records`] reads such a source from CSV files.

mod aggregates;
mod cache;
mod command;
mod feed;
mod handle_error;
mod handling;
mod keeping;
mod limits;
mod loaded;
mod noted;
mod rate;
mod receipt;
pub mod records;
mod service;
mod snapshot;
mod snapshots;
#[cfg(feature = "testkit")]
pub mod testkit;
mod together;

pub use aggregates::Aggregates;
pub use command::{Command, Key};
pub use feed::{Feed, FeedError, FeedSummary};
pub use handle_error::{HandleError, InvalidEvents, UnreadableHistory};
pub use headwater_event::SchemaViolation;
pub use headwater_log::service::Exit;
pub use limits::Limits;
pub use rate::{Rate, parse_rate};
pub use receipt::Receipt;
pub use service::{PublishError, Published, PublisherArgs, RecordFeed, main, publish};
pub use snapshots::Snapshots;
pub use together::Together;

#[cfg(doctest)]
#[doc = include_str!("../../../docs/guides/commands.md")]
struct Guide;
