use std::error::Error;
use std::io;

use super::object::{INFO_BYTES_MAX, NAME_BYTES_MAX};
use crate::side_stream::Failure;

/// Why an object wasn't kept, found or read.
#[derive(Debug, thiserror::Error)]
pub enum BucketError {
    /// No object, or no bucket, can have this name.
    #[error(
        "{name:?} can't name an object: use 1 to {NAME_BYTES_MAX} bytes without control characters; a bucket has letters, digits, `-` and `_`"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// What is said of an object takes too much.
    #[error("the metadata of {name:?} takes {bytes} bytes, and at most {INFO_BYTES_MAX} are allowed")]
    MetadataTooLarge {
        /// The object.
        name: String,
        /// The size of its description, in bytes.
        bytes: usize,
    },
    /// There is no such object, or it was removed or replaced while it was read.
    #[error("there is no object {name:?} in the bucket {bucket}")]
    NoObject {
        /// The bucket.
        bucket: String,
        /// The object.
        name: String,
    },
    /// The object isn't what was put. What was written of it must not be used.
    #[error("the object {name:?} in the bucket {bucket} is damaged: {problem}; remove it, or put it again")]
    Damaged {
        /// The bucket.
        bucket: String,
        /// The object.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The server doesn't allow this connection to use the bucket.
    #[error(
        "the server doesn't allow publishing to or reading `{subject}`; its user needs the permission to use the bucket {bucket}"
    )]
    Denied {
        /// The bucket.
        bucket: String,
        /// What the server denies.
        subject: String,
    },
    /// There is a bucket with this name that would lose objects.
    #[error("the bucket {bucket} can't keep objects: {problem}; remove it, and it is made anew")]
    Unfit {
        /// The bucket.
        bucket: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The server refuses to do it; the bucket may be full.
    #[error("the server refuses to use the bucket {bucket} (error {code}): {words}")]
    Refused {
        /// The bucket.
        bucket: String,
        /// The server's error code.
        code: u64,
        /// The server's words.
        words: String,
    },
    /// The content couldn't be read, or nothing came of it for too long. Nothing was kept.
    #[error("the content of {name:?} can't be read to its end")]
    Source {
        /// The object.
        name: String,
        /// What the reader reported.
        source: io::Error,
    },
    /// The content couldn't be written, or nothing was taken for too long.
    #[error("the content of {name:?} can't be written")]
    Target {
        /// The object.
        name: String,
        /// What the writer reported.
        source: io::Error,
    },
    /// The bucket couldn't be reached, or nothing moved for too long. What was put may be kept; putting it again is safe.
    #[error("the bucket {bucket} can't be reached; try again")]
    Unavailable {
        /// The bucket.
        bucket: String,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl BucketError {
    pub(super) fn of(failure: Failure, bucket: &str) -> Self {
        let bucket = bucket.to_owned();
        match failure {
            Failure::Denied(denial) => Self::Denied { bucket, subject: denial.subject },
            Failure::Refused(refusal) => Self::Refused { bucket, code: refusal.code, words: refusal.words },
            Failure::Unavailable(source) => Self::Unavailable { bucket, source },
        }
    }

    /// Whether the bucket couldn't be reached, so that another attempt may succeed.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
