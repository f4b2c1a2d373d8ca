use std::fmt;

use headwater_event::{Aggregate, Envelope};

use crate::{Append, AppendError, Appended};

/// What one writer tried to store at once, and what it was told of it.
///
/// A [`Witness`](super::Witness) takes them down for every append; a test may add its own, such as a receipt that a
/// service gave for a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The aggregate to which the events happened.
    pub aggregate: Aggregate,
    /// The events, in their order.
    pub events: Vec<EventName>,
    /// The version on which the writer decided, if it knows that.
    pub expected: Option<u64>,
    /// What it was told.
    pub told: Told,
}

/// What a writer was told of an attempt to store events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// They are stored, the last one at this sequence.
    Stored {
        /// The sequence of the last event.
        last: u64,
        /// Whether they were said to be stored before, by another attempt.
        repeated: bool,
    },
    /// Nothing was stored, because the aggregate has another version than was expected.
    Conflict {
        /// The version that it was said to have.
        actual: u64,
    },
    /// Nothing was stored, for another reason.
    Refused {
        /// The reason.
        why: String,
    },
    /// Nothing, or that nobody knows: they may be stored.
    Nothing,
}

impl Claim {
    /// The claim of an append that has no answer yet.
    #[must_use]
    pub fn unanswered(append: &Append) -> Self {
        Self {
            aggregate: append.aggregate.clone(),
            events: append.events.iter().map(EventName::of).collect(),
            expected: Some(append.expected),
            told: Told::Nothing,
        }
    }

    /// Where its events must be stored, one after another, if it was told that they are.
    pub(super) fn places(&self) -> impl Iterator<Item = (&EventName, u64)> {
        let last = match self.told {
            Told::Stored { last, .. } => Some(last),
            _ => None,
        };
        let after = |index: usize| (self.events.len() - 1 - index) as u64;
        let place = move |(index, event)| last.map(|last: u64| (event, last.saturating_sub(after(index))));
        self.events.iter().enumerate().filter_map(place)
    }
}

impl Told {
    /// Whether it was said that nothing was stored.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Conflict { .. } | Self::Refused { .. })
    }
}

impl From<Appended> for Told {
    fn from(Appended { last, duplicate }: Appended) -> Self {
        Self::Stored { last, repeated: duplicate }
    }
}

impl From<&AppendError> for Told {
    fn from(error: &AppendError) -> Self {
        match error {
            AppendError::Conflict { actual, .. } => Self::Conflict { actual: *actual },
            AppendError::Unknown { .. } => Self::Nothing,
            refused => Self::Refused { why: refused.to_string() },
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stored { last, repeated: false } => write!(f, "stored up to {last}"),
            Self::Stored { last, repeated: true } => write!(f, "stored before, up to {last}"),
            Self::Conflict { actual } => write!(f, "a conflict with version {actual}"),
            Self::Refused { why } => write!(f, "refused: {why}"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// What names an event in the whole world: its CloudEvents source and id.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventName {
    /// The service that published it.
    pub source: String,
    /// Its id.
    pub id: String,
}

impl EventName {
    /// The name of an event.
    #[must_use]
    pub fn of(event: &Envelope) -> Self {
        Self { source: event.source().to_owned(), id: event.id().to_owned() }
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.id, self.source)
    }
}
