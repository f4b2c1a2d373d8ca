//! The event log: one trait, one conformance suite, and two logs.
//!
//! [`JetStreamLog`] is the production log, on NATS JetStream. [`EmbeddedLog`] keeps the log in sled
//! inside the process: for the first run, for tests, and for a single machine. Whatever one of them
//! promises through [`EventLog`], the other does; `conformance` (feature `testkit`) is the proof.
//!
//! A third one, `MemoryLog` (feature `memory`), keeps nothing beyond a test, and promises the same. What was
//! recorded in production can be replayed on it, and it fails on demand.
//!
//! This is the only crate of Headwater that knows the NATS client.

mod append;
mod denials;
mod embedded;
mod event_log;
mod jetstream;
#[cfg(feature = "memory")]
mod memory;
mod notes;
mod read;
mod retry;
mod stream_info;

#[cfg(feature = "testkit")]
pub mod conformance;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use append::{Append, AppendError, Appended, Commit, PendingAppend};
pub use denials::{Denial, Denials};
pub use embedded::{EmbeddedError, EmbeddedLog};
pub use event_log::{EventLog, Log};
pub use jetstream::{BulkLoad, BulkLoadError, BulkLoaded, Flush, JetStreamConfig, JetStreamLog};
#[cfg(feature = "memory")]
pub use memory::{AppendFault, MemoryLog, Recording, RecordingError, RecordingProblem};
pub use notes::{Note, NoteError};
pub use read::{Checkpoint, Follow, ReadError, StoredEvent};
pub use retry::Backoff;
pub use stream_info::{OpenError, StreamInfo};
