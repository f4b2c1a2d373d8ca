use headwater_event::{Aggregate, Domain};
use headwater_log::{AppendError, OpenError, ReadError};

/// Why events weren't stored, or may not have been.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// The aggregate isn't at the version that the client expects.
    #[error("{aggregate} is at version {actual}")]
    Version { aggregate: Aggregate, expected: Option<u64>, actual: u64 },
    /// The client expects a version of an aggregate, and there are several.
    #[error("an expected version is for one aggregate, and these events are of {count}")]
    SeveralAggregates { count: usize },
    /// One commit goes to one stream.
    #[error("the events are of the domains {one} and {other}; send those of one domain at a time")]
    SeveralDomains { one: Domain, other: Domain },
    /// One request has an event twice.
    #[error("the events {first} and {second} have the same source and id")]
    Twice { first: usize, second: usize },
    /// Another event has this one's id.
    #[error("another event of {event_source} has the id {id:?}, at sequence {sequence}")]
    Reused { event_source: String, id: String, sequence: u64 },
    /// The stream isn't the one that was read.
    #[error("the stream of {domain} was replaced meanwhile")]
    Replaced { domain: Domain },
    /// The log has the events, and no server that was asked shows where.
    #[error("the events of {domain} are stored, and it isn't known yet where")]
    Unseen { domain: Domain },
    /// Other writers were first each time.
    #[error("{aggregate} was changed by others {attempts} times meanwhile")]
    Contended { aggregate: Aggregate, attempts: u32 },
    /// Time was up before anything was sent.
    #[error("the log didn't answer in time; nothing was sent to be stored")]
    Late,
    /// Time was up after the events were sent.
    #[error("the log didn't answer in time; send the same events again, they are stored once")]
    Unanswered,
    /// The aggregate's events can't be read.
    #[error("the aggregate's events can't be read")]
    Read(#[from] ReadError),
    /// The stream can't be opened.
    #[error("the domain's stream can't be opened")]
    Open(#[from] OpenError),
    /// The log didn't take them.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl StoreError {
    /// Whether another attempt, which knows more, may succeed.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Contended { .. } | Self::Replaced { .. } | Self::Unseen { .. })
    }
}
