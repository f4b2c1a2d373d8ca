use std::fmt;

use headwater_event::Aggregate;

use super::held::{BatchPlace, Held};
use crate::testkit::{Claim, EventName, Told};

/// Something that must not be, with its evidence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// A sequence is missing, or comes twice.
    #[error("after sequence {after} comes {next}")]
    Gap {
        /// The sequence before it, 0 at the beginning.
        after: u64,
        /// The one that follows.
        next: u64,
    },
    /// The stream ends before the sequence that it names as its last, or after it.
    #[error("the stream says that its last sequence is {last}, and the last that it holds is {read}")]
    Short {
        /// The last sequence that was read.
        read: u64,
        /// The last sequence by the stream's own word.
        last: u64,
    },
    /// An event is stored twice.
    #[error("the event {event} is stored at {first} and again at {second}")]
    StoredTwice {
        /// The event.
        event: EventName,
        /// Where it is first.
        first: u64,
        /// Where it is next.
        second: u64,
    },
    /// An event that was acknowledged is nowhere.
    #[error("the event {event} of {aggregate} was acknowledged at {said}, and is nowhere in the stream")]
    Lost {
        /// The event.
        event: EventName,
        /// Its aggregate.
        aggregate: Aggregate,
        /// Where it was said to be.
        said: u64,
    },
    /// An event that was acknowledged is at another sequence.
    #[error("the event {event} was acknowledged at {said}, and is stored at {found}")]
    Elsewhere {
        /// The event.
        event: EventName,
        /// Where it was said to be.
        said: u64,
        /// Where it is.
        found: u64,
    },
    /// An event that was acknowledged happened to another aggregate.
    #[error("the event {event} at {sequence} was acknowledged for {said}, and is stored for {found}")]
    OtherAggregate {
        /// The event.
        event: EventName,
        /// Where it is.
        sequence: u64,
        /// To what its writer says that it happened.
        said: Aggregate,
        /// To what it happened by the stream.
        found: Aggregate,
    },
    /// The events of one decision aren't all there, or not side by side.
    #[error(
        "the events {events:?} of one decision are stored apart, at {places:?}; its writer was told {told}"
    )]
    Split {
        /// The ids of the decision's events.
        events: Vec<String>,
        /// Where each is stored.
        places: Vec<Option<u64>>,
        /// What the writer was told.
        told: Told,
    },
    /// An event was surely refused, and is stored.
    #[error("the event {event} is stored at {sequence}, and its writer was told {told}")]
    StoredThoughRefused {
        /// The event.
        event: EventName,
        /// Where it is.
        sequence: u64,
        /// What the writer was told.
        told: Told,
    },
    /// Nobody says that he tried to store an event.
    #[error("the event {event} is stored at {sequence}, and no writer claims it")]
    Unclaimed {
        /// The event.
        event: EventName,
        /// Where it is.
        sequence: u64,
    },
    /// A decision stands on another version than the aggregate had.
    #[error(
        "the event {event} at {sequence} was decided on version {expected} of {aggregate}, which was at {version}, \
         {evidence}"
    )]
    VersionGap {
        /// The first event of the decision.
        event: EventName,
        /// Where it is.
        sequence: u64,
        /// The aggregate.
        aggregate: Aggregate,
        /// The version on which was decided.
        expected: u64,
        /// The sequence of the aggregate's event before it.
        version: u64,
        /// Who says on which version it was decided.
        evidence: Evidence,
    },
    /// Two decisions stand on the same version.
    #[error(
        "the events {first} at {first_sequence} and {second} at {second_sequence} were both decided on version \
         {version} of {aggregate}, {evidence}"
    )]
    SameVersion {
        /// The aggregate.
        aggregate: Aggregate,
        /// The version on which both were decided.
        version: u64,
        /// The first event of the first decision.
        first: EventName,
        /// Where it is.
        first_sequence: u64,
        /// The first event of the second decision.
        second: EventName,
        /// Where it is.
        second_sequence: u64,
        /// Who says on which version they were decided.
        evidence: Evidence,
    },
    /// A conflict named a version that the aggregate never had.
    #[error("a conflict named version {version} of {aggregate}, at which it has no event")]
    NoSuchVersion {
        /// The aggregate.
        aggregate: Aggregate,
        /// The version.
        version: u64,
    },
    /// A message was stored under no condition.
    #[error("the event {event} at {sequence} was stored without a guard on the version of its aggregate")]
    Unguarded {
        /// The event.
        event: EventName,
        /// Where it is.
        sequence: u64,
    },
    /// A message was guarded by the version of something else than its aggregate.
    #[error(
        "the event {event} at {sequence} was guarded by the version of {guarded:?}, and not of {subjects:?}: \
         two guards see each other's writes only when they are spelt alike"
    )]
    OtherGuard {
        /// The event.
        event: EventName,
        /// Where it is.
        sequence: u64,
        /// The subjects that were guarded.
        guarded: String,
        /// The subjects of its aggregate.
        subjects: String,
    },
    /// An atomic batch isn't in one piece.
    #[error("number {number} of the batch {batch}, at sequence {sequence}, {problem}")]
    TornBatch {
        /// The batch's id.
        batch: String,
        /// The message's number in it.
        number: u64,
        /// Where the message is.
        sequence: u64,
        /// What is wrong.
        problem: &'static str,
    },
}

/// Who says on which version a decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// The guard that the stored message keeps.
    Guard,
    /// The claim of its writer.
    Claim,
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Guard => "as the stored guard says",
            Self::Claim => "as its writer says",
        })
    }
}

impl Finding {
    pub(super) fn torn(message: &Held, place: &BatchPlace, problem: &'static str) -> Self {
        let (batch, number, sequence) = (place.batch.clone(), place.number, message.sequence);
        Self::TornBatch { batch, number, sequence, problem }
    }

    pub(super) fn unguarded(message: &Held) -> Self {
        Self::Unguarded { event: message.event.clone(), sequence: message.sequence }
    }

    pub(super) fn other_guard(message: &Held, guarded: &str) -> Self {
        Self::OtherGuard {
            event: message.event.clone(),
            sequence: message.sequence,
            guarded: guarded.to_owned(),
            subjects: message.aggregate.filter(),
        }
    }

    pub(super) fn version_gap(message: &Held, expected: u64, version: u64, evidence: Evidence) -> Self {
        Self::VersionGap {
            event: message.event.clone(),
            sequence: message.sequence,
            aggregate: message.aggregate.clone(),
            expected,
            version,
            evidence,
        }
    }

    pub(super) fn same_version(version: u64, first: &Held, second: &Held, evidence: Evidence) -> Self {
        Self::SameVersion {
            aggregate: first.aggregate.clone(),
            version,
            first: first.event.clone(),
            first_sequence: first.sequence,
            second: second.event.clone(),
            second_sequence: second.sequence,
            evidence,
        }
    }

    pub(super) fn unclaimed(message: &Held) -> Self {
        Self::Unclaimed { event: message.event.clone(), sequence: message.sequence }
    }

    pub(super) fn stored_though_refused(message: &Held, told: &Told) -> Self {
        let (event, sequence) = (message.event.clone(), message.sequence);
        Self::StoredThoughRefused { event, sequence, told: told.clone() }
    }

    pub(super) fn split(claim: &Claim, places: Vec<Option<u64>>) -> Self {
        let events = claim.events.iter().map(|event| event.id.clone()).collect();
        Self::Split { events, places, told: claim.told.clone() }
    }
}
