use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an operator asks a reactor to do. It is kept until the reactor has done it, also when none is running.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "ask")]
pub enum Ask {
    /// To attempt what is parked once more, in order.
    Redrive {
        /// Of one key; of all without it.
        key: Option<String>,
        /// Who asks.
        by: String,
        /// When it was asked for.
        at: Timestamp,
    },
    /// To drop one letter.
    Discard {
        /// Of which key.
        key: String,
        /// The event's sequence.
        sequence: u64,
        /// Why.
        why: String,
        /// Who asks.
        by: String,
        /// When it was asked for.
        at: Timestamp,
    },
}

/// What was asked for, and where that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedFor {
    /// Where it is stored.
    pub place: u64,
    /// What is asked for; none when it can't be read.
    pub ask: Option<Ask>,
}
