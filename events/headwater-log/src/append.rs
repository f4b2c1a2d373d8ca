use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use headwater_event::{Aggregate, Envelope};

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
    /// The events with their subjects.
    ///
    /// # Errors
    ///
    /// [`AppendError::Invalid`] when there is no event, or one isn't of this aggregate.
    pub(crate) fn with_subjects(self) -> Result<Vec<(String, Envelope)>, AppendError> {
        let Self { aggregate, events, .. } = self;
        let invalid = |problem: String| AppendError::Invalid { aggregate: aggregate.clone(), problem };
        if events.is_empty() {
            return Err(invalid("there is no event to append".to_owned()));
        }
        let subject = |event: Envelope| {
            let event_type = event.event_type().map_err(|error| invalid(error.to_string()))?;
            let same = event_type.domain == aggregate.domain().as_str()
                && event_type.aggregate == aggregate.name()
                && event.subject() == Some(aggregate.id());
            if same {
                Ok((aggregate.subject(event_type.name), event))
            } else {
                Err(invalid(format!("the event {:?} of type {} is about another", event.id(), event.type_name())))
            }
        };
        events.into_iter().map(subject).collect()
    }
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
    #[error("the log gave no answer on an append to {aggregate}; send the same events again, they are stored once")]
    Unknown {
        /// The aggregate.
        aggregate: Aggregate,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
}
