use headwater_event::{Aggregate, Envelope};

use super::StreamCheckError;
use crate::StoredEvent;
use crate::testkit::EventName;

/// What the stream holds at a sequence.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) sequence: u64,
    pub(super) aggregate: Aggregate,
    pub(super) event: EventName,
    /// Under which condition the broker stored it; none when that wasn't read.
    pub(super) condition: Option<Condition>,
}

/// The condition under which a broker stores a message, as the message itself keeps it.
#[derive(Debug, Clone, Default)]
pub(super) struct Condition {
    pub(super) guard: Option<Guard>,
    pub(super) batch: Option<BatchPlace>,
}

#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// The version that was expected.
    pub(super) expected: u64,
    /// The subjects that it is the version of.
    pub(super) subjects: String,
}

/// A message's place in an atomic batch.
#[derive(Debug, Clone)]
pub(super) struct BatchPlace {
    pub(super) batch: String,
    pub(super) number: u64,
    pub(super) commits: bool,
}

impl Held {
    pub(super) fn of_event(stored: &StoredEvent) -> Result<Self, StreamCheckError> {
        let StoredEvent { sequence, envelope, .. } = stored;
        let aggregate = aggregate_of(envelope)
            .map_err(|source| StreamCheckError::NoAggregate { sequence: *sequence, source })?;
        Ok(Self { sequence: *sequence, aggregate, event: EventName::of(envelope), condition: None })
    }

    pub(super) fn batch(&self) -> Option<&BatchPlace> {
        self.condition.as_ref()?.batch.as_ref()
    }
}

fn aggregate_of(envelope: &Envelope) -> Result<Aggregate, Box<dyn std::error::Error + Send + Sync>> {
    let event_type = envelope.event_type()?;
    let id = envelope.subject().unwrap_or_default();
    Ok(Aggregate::new(event_type.domain.parse()?, event_type.aggregate, id)?)
}
