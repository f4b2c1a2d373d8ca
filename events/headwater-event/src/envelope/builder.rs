use bytes::Bytes;
use jiff::Timestamp;

use super::extensions::Extensions;
use super::text::Text;
use super::{AttributeValue, Envelope, EnvelopeError};
use crate::TraceContext;

/// An [`Envelope`] in the making. [`EnvelopeBuilder::build`] is where the rules are checked.
#[derive(Debug, Clone)]
#[must_use = "a builder makes an envelope only when `build` is called"]
pub struct EnvelopeBuilder {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) event_type: String,
    pub(super) subject: Option<String>,
    pub(super) time: Option<Timestamp>,
    pub(super) data_content_type: Option<String>,
    pub(super) data_schema: Option<String>,
    pub(super) extensions: Extensions,
    pub(super) data: Option<Bytes>,
}

impl EnvelopeBuilder {
    pub(super) fn new(id: String, source: String, event_type: String) -> Self {
        Self {
            id,
            source,
            event_type,
            subject: None,
            time: None,
            data_content_type: None,
            data_schema: None,
            extensions: Extensions::default(),
            data: None,
        }
    }

    /// What the event is about.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// When it happened.
    pub fn time(mut self, time: Timestamp) -> Self {
        self.time = Some(time);
        self
    }

    /// JSON data that follow the schema at the URI `schema`.
    pub fn json(self, data: impl Into<Bytes>, schema: impl Into<String>) -> Self {
        self.data("application/json", data).data_schema(schema)
    }

    /// Data of any media type. Empty data are the same as none.
    pub fn data(mut self, content_type: impl Into<String>, data: impl Into<Bytes>) -> Self {
        self.data_content_type = Some(content_type.into());
        self.data = Some(data.into());
        self
    }

    /// The URI of the schema that the data follow.
    pub fn data_schema(mut self, schema: impl Into<String>) -> Self {
        self.data_schema = Some(schema.into());
        self
    }

    /// An extension attribute; the name is lower-case letters and digits.
    pub fn extension(self, name: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        self.named(&name.into(), value.into())
    }

    fn named(mut self, name: &str, value: AttributeValue) -> Self {
        self.extensions.insert(name, value);
        self
    }

    /// The flow that the event belongs to, the id of what caused it, and its position in the trace.
    pub fn caused(self, correlation_id: &str, causation_id: &str, trace: &TraceContext) -> Self {
        let this = self
            .named("correlationid", correlation_id.into())
            .named("causationid", causation_id.into())
            .named("traceparent", trace.to_string().into());
        match trace.state() {
            Some(state) => this.named("tracestate", state.into()),
            None => this,
        }
    }

    /// Checks all that was given.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`], which names the attribute and the rule that it breaks.
    pub fn build(self) -> Result<Envelope, EnvelopeError> {
        let Self { id, source, event_type, subject, time, data_content_type, data_schema, extensions, data } =
            self;
        let all = [&id, &source, &event_type].into_iter();
        let all = all.chain([&subject, &data_content_type, &data_schema].into_iter().flatten());
        let mut text = Text::with_capacity(all.map(String::len).sum());
        let envelope = Envelope {
            id: text.add("id", &id)?,
            source: text.add("source", &source)?,
            event_type: text.add("type", &event_type)?,
            subject: subject.map(|subject| text.add("subject", &subject)).transpose()?,
            data_content_type: data_content_type
                .map(|content_type| text.add("datacontenttype", &content_type))
                .transpose()?,
            data_schema: data_schema.map(|schema| text.add("dataschema", &schema)).transpose()?,
            text,
            time,
            extensions,
            // Binary mode can't tell empty data from none, so nothing does.
            data: data.filter(|data| !data.is_empty()),
        };
        envelope.checked()
    }
}
