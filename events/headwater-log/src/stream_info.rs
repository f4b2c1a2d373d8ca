use std::error::Error;

use headwater_event::Domain;
use jiff::Timestamp;

/// What a log knows of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamInfo {
    /// The domain whose events it holds.
    pub domain: Domain,
    /// When the stream was created. A stream that was deleted and created again is another stream.
    pub created: Timestamp,
    /// The sequence of the last event, 0 when there is none. As nothing is ever deleted, it is also the
    /// number of events.
    pub last: u64,
    /// How many servers keep a copy.
    pub replicas: usize,
}

/// Why a stream can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The log can't be reached, or didn't answer in time.
    #[error("the stream {stream} can't be opened, because the log is unavailable")]
    Unavailable {
        /// The stream.
        stream: String,
        /// What the client or the store reports.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The stream is there and isn't fit: it could lose or reorder events.
    #[error("the stream {stream} exists, but {problem}; correct it with `nats stream edit {stream}`")]
    Unfit {
        /// The stream.
        stream: String,
        /// What is wrong with its configuration.
        problem: String,
    },
}
