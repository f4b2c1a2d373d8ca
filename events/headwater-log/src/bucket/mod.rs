//! Large things beside the log, such as snapshots of a projection's store.

#[allow(clippy::module_inception, reason = "the trait has the module's name")]
mod bucket;
mod config;
mod digest;
mod directory;
mod download;
mod error;
mod info;
mod jetstream;
mod object;
mod pace;
mod upload;

pub use bucket::Bucket;
pub use config::BucketConfig;
pub use directory::DirectoryBucket;
pub use error::BucketError;
pub use jetstream::JetStreamBucket;
pub use object::Object;
