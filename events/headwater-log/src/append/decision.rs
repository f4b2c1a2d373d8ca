use std::error::Error;

use headwater_event::{Aggregate, Fingerprint};

use super::{AppendError, NewEvent, Part};

/// What a log has stored, as far as it must know it to decide on a commit.
pub(crate) trait Stored {
    /// Why it can't say.
    type Error: Into<Box<dyn Error + Send + Sync>>;

    /// The sequence of an event that was stored not long ago.
    fn known(&self, event: Fingerprint) -> Option<u64>;

    /// Whether the event at `sequence` is the aggregate's.
    fn has(&self, aggregate: &Aggregate, sequence: u64) -> Result<bool, Self::Error>;

    /// The sequence of the aggregate's last event, 0 when there is none.
    fn version(&mut self, aggregate: &Aggregate) -> Result<u64, Self::Error>;

    /// The sequence of the last of `events`, if exactly these follow `expected`: the same append was stored
    /// before, however long ago.
    fn stored_after(
        &self,
        aggregate: &Aggregate,
        expected: u64,
        events: &[NewEvent],
    ) -> Result<Option<u64>, Self::Error>;
}

/// What becomes of a commit that is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// It isn't stored, and is to be.
    Store,
    /// It is stored already, its last event here.
    Stored { last: u64 },
}

/// Decides on a commit as a whole: all its parts can be stored, or all of them are.
///
/// # Errors
///
/// [`AppendError::Conflict`] and [`AppendError::Duplicate`]; [`AppendError::Unavailable`] when the log can't say what
/// it has stored.
pub(crate) fn decide(stored: &mut impl Stored, parts: &[Part]) -> Result<Decision, AppendError> {
    let (mut new, mut last) = (None, None);
    for part in parts {
        match decide_part(stored, part)? {
            Decision::Store => new = new.or(Some(part)),
            Decision::Stored { last: sequence } => last = last.max(Some(sequence)),
        }
    }
    match (new, last) {
        (None, Some(last)) => Ok(Decision::Stored { last }),
        (Some(part), Some(sequence)) => {
            Err(AppendError::Duplicate { aggregate: part.aggregate.clone(), sequence })
        }
        (_, None) => Ok(Decision::Store),
    }
}

fn decide_part<S: Stored>(stored: &mut S, part: &Part) -> Result<Decision, AppendError> {
    let Part { aggregate, expected, events } = part;
    let unavailable =
        |error: S::Error| AppendError::Unavailable { aggregate: aggregate.clone(), source: error.into() };
    let duplicate = |sequence| AppendError::Duplicate { aggregate: aggregate.clone(), sequence };
    let known: Vec<_> = events.iter().filter_map(|event| stored.known(event.fingerprint)).collect();
    if let (true, Some(&last)) = (known.len() == events.len(), known.last()) {
        // An event of another aggregate with the same id is not this one.
        return if stored.has(aggregate, last).map_err(unavailable)? {
            Ok(Decision::Stored { last })
        } else {
            Err(duplicate(last))
        };
    }
    let actual = stored.version(aggregate).map_err(unavailable)?;
    if actual != *expected {
        return match stored.stored_after(aggregate, *expected, events).map_err(unavailable)? {
            Some(last) => Ok(Decision::Stored { last }),
            None => Err(AppendError::Conflict { aggregate: aggregate.clone(), expected: *expected, actual }),
        };
    }
    known.first().map_or(Ok(Decision::Store), |&sequence| Err(duplicate(sequence)))
}
