use std::collections::HashSet;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use headwater_event::{Aggregate, Envelope, EventFilter, EventType, Fingerprint};

/// Events to be appended to one aggregate, all or none, if its version is the expected one.
#[derive(Debug, Clone)]
pub struct Append {
    /// The aggregate to which the events happened.
    pub aggregate: Aggregate,
    /// The sequence of the aggregate's last event, as the writer knows it; 0 when there is none yet.
    pub expected: u64,
    /// The events, in their order; at least one.
    pub events: Vec<Envelope>,
}

impl Append {
    /// How many events one append may have: as many as the broker takes in an atomic batch.
    pub const EVENTS_MAX: usize = 1000;

    /// Every check that needs no log, for a log that takes messages of `bytes_max`: what passes is refused
    /// later only for what the log holds, or by a server that takes less.
    ///
    /// # Errors
    ///
    /// [`AppendError::Invalid`] when there is no event, too many, one that isn't of this aggregate, or one
    /// twice; [`AppendError::TooLarge`] when a message would exceed `bytes_max`.
    pub fn check(&self, bytes_max: usize) -> Result<(), AppendError> {
        self.clone().into_new_events(bytes_max).map(drop)
    }

    /// The events as both logs store them, after every check that needs no log.
    ///
    /// # Errors
    ///
    /// [`AppendError::Invalid`] when there is no event, too many, one that isn't of this aggregate, or one
    /// twice; [`AppendError::TooLarge`] when a message would exceed `bytes_max`.
    pub(crate) fn into_new_events(self, bytes_max: usize) -> Result<Vec<NewEvent>, AppendError> {
        let Self { aggregate, events, .. } = self;
        let invalid = |problem: String| AppendError::Invalid { aggregate: aggregate.clone(), problem };
        if events.is_empty() {
            return Err(invalid("there is no event to append".to_owned()));
        }
        if events.len() > Self::EVENTS_MAX {
            let problem = format!("it has {} events, and at most {} fit", events.len(), Self::EVENTS_MAX);
            return Err(invalid(problem));
        }
        let several = events.len() > 1;
        let mut seen = HashSet::new();
        let new_event = |envelope: Envelope| {
            let event_type = envelope.event_type().map_err(|error| invalid(error.to_string()))?;
            if !is_about(&envelope, event_type, &aggregate) {
                let (id, event_type) = (envelope.id(), envelope.type_name());
                return Err(invalid(format!("the event {id:?} of type {event_type} is about another")));
            }
            // Checks the event's name: it becomes a token of a subject, where a wildcard would be one.
            EventFilter::events(&[event_type]).map_err(|error| invalid(error.to_string()))?;
            let subject = aggregate.subject(event_type.name);
            let fingerprint = envelope.fingerprint();
            if several && !seen.insert(fingerprint) {
                return Err(invalid(format!("it has the event {:?} twice", envelope.id())));
            }
            let header_bytes = header_bytes(&envelope, &subject);
            if header_bytes > HEADER_BYTES_MAX {
                return Err(invalid(format!(
                    "the attributes of the event {:?} take {header_bytes} bytes, and at most {HEADER_BYTES_MAX} fit",
                    envelope.id()
                )));
            }
            let bytes = header_bytes + envelope.data().len();
            if bytes > bytes_max {
                return Err(AppendError::TooLarge { aggregate: aggregate.clone(), bytes, max: bytes_max });
            }
            Ok(NewEvent { subject, fingerprint, envelope })
        };
        events.into_iter().map(new_event).collect()
    }
}

/// Whether the event happened to the aggregate.
pub(crate) fn is_about(event: &Envelope, event_type: EventType<'_>, aggregate: &Aggregate) -> bool {
    event_type.domain == aggregate.domain().as_str()
        && event_type.aggregate == aggregate.name()
        && event.subject() == Some(aggregate.id())
}

/// An event on its way into a log.
#[derive(Debug)]
pub(crate) struct NewEvent {
    pub(crate) subject: String,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) envelope: Envelope,
}

/// A server's limit for the headers of a stored message (error 10097): their length is kept in 16 bits.
const HEADER_BYTES_MAX: usize = 65_535;

/// What the frame around the headers and those that the log adds take at most: the message id, the
/// expected version, the names of the guard's header and of a batch's headers, and their values.
const LOG_HEADER_BYTES: usize = 256;

/// How many bytes a server counts for an event's headers, at most. Both logs count alike, so that what fits
/// into one fits into the other.
fn header_bytes(event: &Envelope, subject: &str) -> usize {
    let attributes: usize =
        event.headers().map(|(name, value)| name.len() + value.len() + ": \r\n".len()).sum();
    // The guard's value is about as long as the subject: a wildcard stands for the event's name.
    LOG_HEADER_BYTES + subject.len() + attributes
}

/// Where the events of an append are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// The sequence of the last event: the aggregate's new version.
    pub last: u64,
    /// Whether the events were there already: this was a retry.
    pub duplicate: bool,
}

/// The answer to an append that is under way.
///
/// Dropping it doesn't take the append back.
#[must_use = "without its answer nobody knows whether an append was stored"]
pub struct PendingAppend(BoxFuture<'static, Result<Appended, AppendError>>);

impl PendingAppend {
    pub(crate) fn new(answer: impl Future<Output = Result<Appended, AppendError>> + Send + 'static) -> Self {
        Self(Box::pin(answer))
    }
}

impl Future for PendingAppend {
    type Output = Result<Appended, AppendError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

/// Why events weren't stored, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// Another writer was first. Nothing was stored: load the aggregate and decide again.
    #[error("{aggregate} is at version {actual}, and not at {expected} as expected")]
    Conflict {
        /// The aggregate.
        aggregate: Aggregate,
        /// The version that the writer expected.
        expected: u64,
        /// The version that the aggregate has.
        actual: u64,
    },
    /// An event is larger than the log takes. Nothing was stored.
    #[error(
        "an event of {aggregate} takes {bytes} bytes, and the log takes at most {max}; \
         keep large data elsewhere and publish a reference, or raise the server's `max_payload`"
    )]
    TooLarge {
        /// The aggregate.
        aggregate: Aggregate,
        /// The size of the message, headers included, in bytes.
        bytes: usize,
        /// The largest size that the log takes, in bytes.
        max: usize,
    },
    /// The append makes no sense. Nothing was stored.
    #[error("the append to {aggregate} is invalid: {problem}")]
    Invalid {
        /// The aggregate.
        aggregate: Aggregate,
        /// What is wrong.
        problem: String,
    },
    /// There is no stream for the domain. Nothing was stored.
    #[error("there is no stream for the events of {aggregate}; open it first")]
    NoStream {
        /// The aggregate.
        aggregate: Aggregate,
    },
    /// The log refused the events. Nothing was stored.
    #[error("the log refused the events of {aggregate} (error {code}): {description}")]
    Refused {
        /// The aggregate.
        aggregate: Aggregate,
        /// The server's error code.
        code: u64,
        /// The server's words.
        description: String,
    },
    /// The log didn't answer before the deadline. The events may have been stored: send the same append
    /// again, and they are stored once.
    #[error(
        "the log gave no answer on an append to {aggregate}; send the same events again, they are stored once"
    )]
    Unknown {
        /// The aggregate.
        aggregate: Aggregate,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl AppendError {
    pub(crate) fn reused_id(aggregate: Aggregate, sequence: u64) -> Self {
        let problem = format!(
            "the log has an event with the id of one of these, at sequence {sequence}; an id must be unique for its source"
        );
        Self::Invalid { aggregate, problem }
    }
}
