use crate::{Append, Commit};

/// What goes wrong with an append to a [`MemoryLog`](crate::MemoryLog), as it may go wrong with a broker.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum AppendFault {
    /// The events are stored, and their answer gets lost: the caller is told
    /// [`Unknown`](crate::AppendError::Unknown), and must send the same events again.
    AnswerLost,
    /// The log can't be reached, and the deadline passes: nothing is stored, and the caller is told
    /// [`Unavailable`](crate::AppendError::Unavailable).
    Unavailable,
    /// Another writer is faster: its commit is stored right before. The caller is told
    /// [`Conflict`](crate::AppendError::Conflict) if the two meet in an aggregate.
    OvertakenBy(Commit),
}

impl From<Append> for AppendFault {
    /// The fault that is another writer's append.
    fn from(rival: Append) -> Self {
        Self::OvertakenBy(rival.into())
    }
}
