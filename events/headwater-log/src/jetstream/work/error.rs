use std::error::Error;

use headwater_event::Domain;

/// Why an instance can't work at all.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The name can't be a consumer's.
    #[error("{name:?} can't name a reactor: use a lower-case letter, then letters, digits, `-` and `_`")]
    Name {
        /// The name.
        name: String,
    },
    /// There is a consumer of that name that can't be made to fit.
    #[error("the consumer {name} of the stream {} is somebody else's: {problem}; delete it, or use another name", domain.stream())]
    Unfit {
        /// The consumer.
        name: String,
        /// The stream's domain.
        domain: Domain,
        /// What is wrong with it.
        problem: String,
    },
    /// The server doesn't allow what is needed, or refuses it.
    #[error("the broker refuses to let {name} work")]
    Refused {
        /// Who was to work.
        name: String,
        /// What the server says.
        source: Box<dyn Error + Send + Sync>,
    },
}

/// Why an instance isn't the active one any more. It may become it again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkEnded {
    /// Another instance has taken over.
    #[error("another instance has taken over")]
    TakenOver,
    /// It was given back.
    #[error("it was given back")]
    Released,
    /// The broker couldn't be reached in time, so another instance may take over.
    #[error("the broker couldn't be told in time that this instance is alive, so another one may take over")]
    Unconfirmed,
    /// The stream isn't the one that the work began with.
    #[error("the stream was recreated")]
    Recreated,
    /// The consumer can't be used.
    #[error("the consumer can't be used: {problem}")]
    Unfit {
        /// What is wrong with it.
        problem: String,
    },
}
