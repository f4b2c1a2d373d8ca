use headwater_event::{Domain, Envelope};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::WorkKey;

/// A pointer to an event whose effect couldn't be done. The event itself stays where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Whose effect it is.
    pub reactor: String,
    /// The version of the code that failed.
    pub handler_version: u32,
    /// What the event is ordered by, as its subject has it.
    pub key: String,
    /// The event's domain, and so its stream.
    pub domain: String,
    /// The event's place in its stream; 0 when the letter can't be read and doesn't say it.
    pub sequence: u64,
    /// The event's CloudEvents `id`; none when what is stored there is no event.
    pub event: Option<String>,
    /// Its `source`.
    pub source: Option<String>,
    /// Its `type`.
    pub event_type: Option<String>,
    /// Why it was parked.
    pub reason: Reason,
    /// What went wrong, and what caused that.
    pub errors: Vec<String>,
    /// How often the effect was attempted.
    pub attempts: u32,
    /// When it was parked.
    pub parked_at: Timestamp,
}

impl Letter {
    /// The key, as work has it.
    #[must_use]
    pub fn work_key(&self) -> Option<WorkKey> {
        self.key.parse().ok()
    }

    /// Whether it points to this event, of those at its sequence: a stream that was restored may hold another one there. A letter for
    /// what couldn't be read names no event, and so is for whatever is there.
    #[must_use]
    pub fn is_of(&self, event: &Envelope) -> bool {
        self.event.as_deref().is_none_or(|id| id == event.id())
            && self.source.as_deref().is_none_or(|source| source == event.source())
    }

    /// The domain, if it is one.
    #[must_use]
    pub fn event_domain(&self) -> Option<Domain> {
        self.domain.parse().ok()
    }
}

/// Why an event is parked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Reason {
    /// Its effect has failed as often as it may.
    Failed,
    /// The reactor says that no attempt will help.
    Refused,
    /// It can't be read.
    Undecodable,
    /// An earlier event of its key is parked.
    Waits {
        /// That event's sequence.
        behind: u64,
    },
    /// This version can't read the letter, or doesn't know its reason: another version has written it.
    #[serde(other)]
    Unknown,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Failed => f.write_str("failed"),
            Self::Refused => f.write_str("refused"),
            Self::Undecodable => f.write_str("undecodable"),
            Self::Waits { behind } => write!(f, "waits behind {behind}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// A letter, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParkedLetter {
    /// Where the letter itself is stored.
    pub place: u64,
    /// What it says.
    #[serde(flatten)]
    pub letter: Letter,
}

/// A letter that an operator has dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discarded {
    /// What it said.
    pub letter: Letter,
    /// Why it was dropped.
    pub why: String,
    /// Who asked for it.
    pub by: String,
    /// When it was dropped.
    pub discarded_at: Timestamp,
}
