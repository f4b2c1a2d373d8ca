use std::error::Error;

use headwater_event::Aggregate;

/// Why events weren't stored, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another writer was first. Nothing was stored: load the aggregate and decide again.
    #[error("{aggregate} is at version {actual}, and not at {expected} as expected")]
    Conflict {
        /// The aggregate.
        aggregate: Aggregate,
        /// The version that the writer expected.
        expected: u64,
        /// The version that the aggregate has.
        actual: u64,
    },
    /// An event is larger than the log takes. Nothing was stored.
    #[error(
        "an event of {aggregate} takes {bytes} bytes, and the log takes at most {max}; \
         keep large data elsewhere and publish a reference, or raise the server's `max_payload`"
    )]
    TooLarge {
        /// The aggregate.
        aggregate: Aggregate,
        /// The size of the message, headers included, in bytes.
        bytes: usize,
        /// The largest size that the log takes, in bytes.
        max: usize,
    },
    /// The append makes no sense. Nothing was stored.
    #[error("the append to {aggregate} is invalid: {problem}")]
    Invalid {
        /// The aggregate.
        aggregate: Aggregate,
        /// What is wrong.
        problem: String,
    },
    /// There is no stream for the domain. Nothing was stored.
    #[error("there is no stream for the events of {aggregate}; open it first")]
    NoStream {
        /// The aggregate.
        aggregate: Aggregate,
    },
    /// The log refused the events. Nothing was stored.
    #[error("the log refused the events of {aggregate} (error {code}): {description}")]
    Refused {
        /// The aggregate.
        aggregate: Aggregate,
        /// The server's error code.
        code: u64,
        /// The server's words.
        description: String,
    },
    /// The log has an event with the id of one of these, and it is another event. Nothing was stored: an id is
    /// unique for its source. An append that is merely sent again is no error.
    #[error(
        "the log has another event with the id of one of {aggregate}, at sequence {sequence}; \
         an id must be unique for its source"
    )]
    Duplicate {
        /// The aggregate.
        aggregate: Aggregate,
        /// Where the other event is stored.
        sequence: u64,
    },
    /// The server doesn't allow this connection to publish the events. Nothing was stored.
    #[error("the server doesn't allow publishing to `{subject}`; its user needs the permission")]
    Denied {
        /// The aggregate.
        aggregate: Aggregate,
        /// What the server denies.
        subject: String,
    },
    /// The log couldn't be reached before the deadline, or said "not now" all the time. Nothing was stored: trying
    /// again is safe.
    #[error("nothing was appended to {aggregate}, because the log is unavailable; try again")]
    Unavailable {
        /// The aggregate.
        aggregate: Aggregate,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The log didn't answer before the deadline. The events may have been stored: send the same append
    /// again, and they are stored once.
    #[error(
        "the log gave no answer on an append to {aggregate}; send the same events again, they are stored once"
    )]
    Unknown {
        /// The aggregate.
        aggregate: Aggregate,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl AppendError {
    /// Whether the log couldn't be reached. The same append may succeed later, and its events are stored once,
    /// whether or not they were stored now.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unknown { .. })
    }

    /// Whether the events may have been stored all the same.
    #[must_use]
    pub fn may_be_stored(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }
}
