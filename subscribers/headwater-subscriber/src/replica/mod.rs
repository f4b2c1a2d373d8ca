//! New replicas start fast: a snapshot of a build's state is kept in a bucket on a schedule, and an instance whose own state is empty
//! begins with it instead of with the first event.

mod archive;
mod archive_reader;
mod archive_writer;
mod args;
mod landing;
mod loader;
mod replica_error;
mod replicas;
mod spool;
mod stamp;
mod writing;

pub use archive::ArchiveError;
pub(crate) use args::ReplicaArgs;
pub use replica_error::ReplicaError;
pub use replicas::{ReplicaSchedule, Replicas};
pub use stamp::ReplicaStamp;
pub use writing::ReplicaWriting;
pub(crate) use writing::{Keeper, ReplicaSource};
