use axum::http::HeaderMap;
use headwater_event::{Envelope, EnvelopeError, EventType, TraceContext};

/// What a request adds to events that don't say it themselves: the trace of the HTTP request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Completion {
    trace: Option<TraceContext>,
}

impl Completion {
    /// From the headers `traceparent` and `tracestate`. As W3C's Trace Context asks, one that is invalid counts as none.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut parents = headers.get_all("traceparent").iter();
        let parent = parents.next().filter(|_| parents.next().is_none());
        let trace: Option<TraceContext> = parent.and_then(|value| value.to_str().ok()?.parse().ok());
        let states: Vec<_> =
            headers.get_all("tracestate").iter().filter_map(|value| value.to_str().ok()).collect();
        let state = states.join(",");
        Self { trace: trace.map(|trace| trace.with_state(Some(state))) }
    }

    /// The event with what every event of Headwater has: the media type and the schema of its data, the flow that it belongs
    /// to, and its trace if there is one. What it says itself stays as it is.
    pub(crate) fn complete(&self, event: &Envelope) -> Result<Envelope, EnvelopeError> {
        let mut builder = Envelope::builder(event.id(), event.source(), event.type_name());
        if let Some(data) = event.data_bytes() {
            let content_type = event.data_content_type().unwrap_or("application/json");
            builder = builder.data(content_type, data.clone());
        }
        if let Some(subject) = event.subject() {
            builder = builder.subject(subject);
        }
        if let Some(time) = event.time() {
            builder = builder.time(time);
        }
        let registered = || event.event_type().as_ref().map(EventType::data_schema).ok();
        if let Some(schema) = event.data_schema().map(str::to_owned).or_else(registered) {
            builder = builder.data_schema(schema);
        }
        for (name, value) in event.extensions() {
            builder = builder.extension(name, value.clone());
        }
        if event.extension("correlationid").is_none() {
            builder = builder.extension("correlationid", event.id());
        }
        if let (Some(trace), None) = (&self.trace, event.extension("traceparent")) {
            builder = builder.extension("traceparent", trace.to_string());
            if let (Some(state), None) = (trace.state(), event.extension("tracestate")) {
                builder = builder.extension("tracestate", state);
            }
        }
        builder.build()
    }
}
