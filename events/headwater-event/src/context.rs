use jiff::Timestamp;

use crate::{Envelope, EnvelopeError, EventSet, TraceContext};

/// Where a command comes from, and so where the events that it yields come from.
///
/// The command's id names the attempt to change something: handling the same id again is the same
/// attempt. The correlation id names the whole flow, and the trace its spans; both go from the first
/// command through every event and every command that an event causes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandContext {
    id: String,
    correlation_id: String,
    trace: TraceContext,
}

impl CommandContext {
    /// A command that begins a flow of its own.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        let id = id.into();
        Self { correlation_id: id.clone(), trace: TraceContext::root(&id), id }
    }

    /// A command that `event` caused: it stays in the event's flow and trace.
    #[must_use]
    pub fn caused_by(id: impl Into<String>, event: &Envelope) -> Self {
        let correlation_id = event.correlation_id().unwrap_or_else(|| event.id()).to_owned();
        let trace = event.trace().unwrap_or_else(|| TraceContext::root(&correlation_id));
        Self { id: id.into(), correlation_id, trace }
    }

    /// The same command in the flow `correlation_id`.
    #[must_use]
    pub fn with_correlation_id(self, correlation_id: impl Into<String>) -> Self {
        Self { correlation_id: correlation_id.into(), ..self }
    }

    /// The same command in a trace that its caller has begun.
    #[must_use]
    pub fn with_trace(self, trace: TraceContext) -> Self {
        Self { trace, ..self }
    }

    /// The command's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The id of the whole flow.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        &self.correlation_id
    }

    /// The caller's position in the trace.
    #[must_use]
    pub fn trace(&self) -> &TraceContext {
        &self.trace
    }

    /// The id of the `index`th event (from 0) that the command yields.
    #[must_use]
    pub fn event_id(&self, index: usize) -> String {
        format!("{}/{index}", self.id)
    }

    /// Wraps the `index`th event (from 0) that the command yielded, which happened at `time` and is
    /// published by `source`, a URI reference.
    ///
    /// The event's id follows from the command's, so handling a command again yields the same event.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`] when the source or the ids can't be attributes of a CloudEvent, or the data
    /// has no JSON form.
    pub fn envelope<E: EventSet>(
        &self,
        event: &E,
        index: usize,
        source: &str,
        time: Timestamp,
    ) -> Result<Envelope, EnvelopeError> {
        let id = self.event_id(index);
        let event_type = event.event_type();
        let data = event.to_json().map_err(|source| EnvelopeError::Data { source })?;
        let trace = self.trace.child(&id);
        Envelope::builder(id, source, event_type.to_string())
            .subject(event.key().to_string())
            .time(time)
            .json(data, event_type.data_schema())
            .caused(&self.correlation_id, &self.id, &trace)
            .build()
    }
}
