use std::error::Error;

use super::Loss;
use super::config::STREAM;
use crate::side_stream::Failure;

/// Why there is no membership, or no lease.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// A group or a lease has a name that no key can hold.
    #[error("{name:?} can't name a group or a lease: use letters, digits, `-` and `_`, 128 at the most")]
    Name {
        /// The name.
        name: String,
    },
    /// What a member wants others to know is too long.
    #[error("what a member tells the others takes {bytes} bytes, and at most {max} are allowed")]
    PayloadTooLarge {
        /// Its size in bytes.
        bytes: usize,
        /// The largest size in bytes.
        max: usize,
    },
    /// The server doesn't allow this connection to keep leases.
    #[error(
        "the server doesn't allow this connection to {subject}; its user needs the permission to keep leases"
    )]
    Denied {
        /// What it must be allowed, such as `publish to $JS.API.STREAM.INFO.KV_LEASES`.
        subject: String,
    },
    /// There is a bucket that can't keep leases.
    #[error(
        "the bucket LEASES can't keep leases: {problem}; remove the stream {STREAM}, and it is made anew"
    )]
    Unfit {
        /// What is wrong with it.
        problem: String,
    },
    /// The server refuses to keep leases.
    #[error("the server refuses to keep leases in the stream {STREAM} (error {code}): {words}")]
    Refused {
        /// The server's error code.
        code: u64,
        /// The server's words.
        words: String,
    },
    /// Another member that runs divides the same group into another number of partitions.
    #[error(
        "the group {group} is divided into {theirs} partitions by a member that runs, and into {ours} by this one; \
         end all members before you change the number"
    )]
    OtherPartitions {
        /// The group.
        group: String,
        /// How many this member wants.
        ours: u32,
        /// How many the other one has.
        theirs: u32,
    },
    /// The member has no leases any more; join again.
    #[error("the member is no longer one of the group {group}: {loss}; join again")]
    Lost {
        /// The group.
        group: String,
        /// Why.
        loss: Loss,
    },
    /// The broker couldn't be reached, or said "not now" all the time.
    #[error("the group {group} can't be reached in the bucket LEASES; try again")]
    Unavailable {
        /// The group.
        group: String,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl LeaseError {
    pub(super) fn of(failure: Failure, group: &str) -> Self {
        match failure {
            Failure::Denied(denial) => {
                let what = if denial.subscription { "read" } else { "publish to" };
                Self::Denied { subject: format!("{what} `{}`", denial.subject) }
            }
            Failure::Refused(refusal) => Self::Refused { code: refusal.code, words: refusal.words },
            Failure::Unavailable(source) => Self::Unavailable { group: group.to_owned(), source },
        }
    }

    /// Whether the broker couldn't be reached, so that another attempt may succeed.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether the member was lost, so that joining again may succeed.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }
}
