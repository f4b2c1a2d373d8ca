use std::io;
use std::path::PathBuf;

use headwater_log::{BucketError, ReadError};

use super::ArchiveError;
use crate::{ProjectorError, StoreError};

/// Why a snapshot wasn't kept, or an instance can't start from one. Its own state is as it was: it can be built from the stream.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The bucket can't be used.
    #[error("the bucket of snapshots can't be used")]
    Bucket(#[from] BucketError),
    /// What is kept isn't a whole archive of a state, or can't be made one.
    #[error("the snapshot {name:?} can't be used; remove it if the next one doesn't replace it")]
    Archive {
        /// The object.
        name: String,
        /// What is wrong with it.
        source: ArchiveError,
    },
    /// What is kept under this build's name is another one's state.
    #[error("the snapshot {name:?} is the state of {found}; remove it")]
    OtherBuilder {
        /// The object.
        name: String,
        /// What has built it.
        found: String,
    },
    /// It isn't known up to where what is kept has read its streams.
    #[error("the snapshot {name:?} doesn't say up to where it has read; remove it")]
    NoCheckpoint {
        /// The object.
        name: String,
    },
    /// The snapshot was taken of other streams than there are, or the log can't say.
    #[error("it can't be said that the snapshot {name:?} is of the streams as they are")]
    Streams {
        /// The object.
        name: String,
        /// What the log reports.
        source: ReadError,
    },
    /// The log didn't say in time whether its streams are the snapshot's.
    #[error("the log doesn't say in time whether the snapshot {name:?} is of the streams as they are")]
    Late {
        /// The object.
        name: String,
    },
    /// The projection's events can't be read together.
    #[error("it isn't known which streams the projection reads")]
    Events(#[source] Box<ProjectorError>),
    /// The state can't be read or written.
    #[error("the projection's state can't be used")]
    Store(#[from] StoreError),
    /// A file beside the state can't be used.
    #[error("{} can't be used; there must be room for the state twice", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system reports.
        source: io::Error,
    },
    /// The thread that reads or writes the state has panicked, or the runtime has ended.
    #[error("the thread that works with the state has ended early")]
    Thread,
}

impl ReplicaError {
    pub(super) fn archive(name: &str, source: ArchiveError) -> Self {
        Self::Archive { name: name.to_owned(), source }
    }
}
