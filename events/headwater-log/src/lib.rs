//! The event log: one trait, one conformance suite, and two logs.
//!
//! [`JetStreamLog`] is the production log, on NATS JetStream. [`EmbeddedLog`] keeps the log in sled
//! inside the process: for the first run, for tests, and for a single machine. Whatever one of them
//! promises through [`EventLog`], the other does; `conformance` (feature `testkit`) is the proof.
//!
//! A third one, `MemoryLog` (feature `memory`), keeps nothing beyond a test, and promises the same. What was
//! recorded in production can be replayed on it, and it fails on demand.
//!
//! Beside the log, instances of one service share [`Leases`] and [`Partitions`] through the broker, and keep what is large in a [`Bucket`].
//!
//! This is the only crate of Headwater that knows the NATS client.

mod append;
mod bucket;
mod denials;
mod direct_get;
mod embedded;
mod event_log;
mod jetstream;
mod leases;
#[cfg(feature = "memory")]
mod memory;
mod notes;
mod read;
mod retry;
mod side_stream;
mod stream_info;

#[cfg(feature = "testkit")]
pub mod conformance;
#[cfg(feature = "service")]
pub mod service;
#[cfg(feature = "testkit")]
pub mod testkit;

pub use append::{Append, AppendError, Appended, Commit, PendingAppend};
pub use bucket::{Bucket, BucketConfig, BucketError, DirectoryBucket, JetStreamBucket, Object};
pub use denials::{Denial, Denials};
pub use embedded::{EmbeddedError, EmbeddedLog};
pub use event_log::{EventLog, Log};
pub use jetstream::{
    AckError, Ask, AskedFor, Backlog, BulkLoad, BulkLoadError, BulkLoaded, DeadLetterError, DeadLetters,
    Delivery, Discarded, Flush, JetStreamConfig, JetStreamLog, Letter, ParkedLetter, Reason, Tenure, Term,
    Work, WorkConfig, WorkEnded, WorkError, WorkKey,
};
pub use leases::{Change, Lease, LeaseConfig, LeaseError, Leases, Loss, Member, Owner, Partitions, assign};
#[cfg(feature = "memory")]
pub use memory::{AppendFault, MemoryLog, Recording, RecordingError, RecordingProblem};
pub use notes::{Note, NoteError};
pub use read::{Checkpoint, Follow, ReadError, StoredEvent};
pub use retry::Backoff;
pub use stream_info::{OpenError, StreamInfo};
