//! The log in sled, inside the process.
//!
//! Each stream is one tree, so that an append is one atomic batch:
//!
//! | key | value |
//! |---|---|
//! | `m` | when the stream was created |
//! | `e`, sequence | the event |
//! | `a`, aggregate, `\0`, sequence | the event's fingerprint |
//!
//! Notes are in a second tree for each domain, by their subjects.
//!
//! One thread gathers whatever appends wait, stores them with one flush, and only then
//! answers them and shows them to readers: so what is acknowledged or read survives a crash, and many
//! writers share the cost of a flush.

mod appender;
mod log;
mod notes;
mod record;
mod stream;
mod window;
mod writer;

pub use log::{EmbeddedError, EmbeddedLog};
