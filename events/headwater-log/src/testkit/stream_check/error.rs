use std::error::Error;

use crate::ReadError;

/// Why a stream can't be checked.
#[derive(Debug, thiserror::Error)]
pub enum StreamCheckError {
    /// The log can't read it.
    #[error("the stream can't be read to its end")]
    Read(#[from] ReadError),
    /// The broker doesn't give it away.
    #[error("the stream {stream} can't be read from the broker")]
    Broker {
        /// The stream.
        stream: String,
        /// What the client reports.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An event names no aggregate to which it happened.
    #[error("sequence {sequence} is no event of an aggregate")]
    NoAggregate {
        /// Where it is stored.
        sequence: u64,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
}
