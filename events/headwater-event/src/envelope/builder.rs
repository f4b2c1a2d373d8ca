use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use super::attribute::{
    check_absolute_uri, check_characters, check_extension_name, check_media_type, check_text, check_time,
    check_uri_reference,
};
use super::{AttributeValue, Envelope, EnvelopeError};
use crate::TraceContext;

/// An [`Envelope`] in the making. [`EnvelopeBuilder::build`] is where the rules are checked.
#[derive(Debug, Clone)]
#[must_use = "a builder makes an envelope only when `build` is called"]
pub struct EnvelopeBuilder {
    envelope: Envelope,
}

impl EnvelopeBuilder {
    pub(super) fn new(id: String, source: String, event_type: String) -> Self {
        let envelope = Envelope {
            id,
            source,
            event_type,
            subject: None,
            time: None,
            data_content_type: None,
            data_schema: None,
            extensions: BTreeMap::new(),
            data: None,
        };
        Self { envelope }
    }

    /// What the event is about.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.envelope.subject = Some(subject.into());
        self
    }

    /// When it happened.
    pub fn time(mut self, time: Timestamp) -> Self {
        self.envelope.time = Some(time);
        self
    }

    /// JSON data that follow the schema at the URI `schema`.
    pub fn json(self, data: impl Into<Bytes>, schema: impl Into<String>) -> Self {
        self.data("application/json", data).data_schema(schema)
    }

    /// Data of any media type. Empty data are the same as none.
    pub fn data(mut self, content_type: impl Into<String>, data: impl Into<Bytes>) -> Self {
        self.envelope.data_content_type = Some(content_type.into());
        self.envelope.data = Some(data.into());
        self
    }

    /// The URI of the schema that the data follow.
    pub fn data_schema(mut self, schema: impl Into<String>) -> Self {
        self.envelope.data_schema = Some(schema.into());
        self
    }

    /// An extension attribute; the name is lower-case letters and digits.
    pub fn extension(self, name: impl Into<String>, value: impl Into<AttributeValue>) -> Self {
        self.named(Cow::Owned(name.into()), value.into())
    }

    fn named(mut self, name: Cow<'static, str>, value: AttributeValue) -> Self {
        self.envelope.extensions.insert(name, value);
        self
    }

    /// The flow that the event belongs to, the id of what caused it, and its position in the trace.
    pub fn caused(self, correlation_id: &str, causation_id: &str, trace: &TraceContext) -> Self {
        let this = self
            .named(Cow::Borrowed("correlationid"), correlation_id.into())
            .named(Cow::Borrowed("causationid"), causation_id.into())
            .named(Cow::Borrowed("traceparent"), trace.to_string().into());
        match trace.state() {
            Some(state) => this.named(Cow::Borrowed("tracestate"), state.into()),
            None => this,
        }
    }

    pub(super) fn raw(&mut self) -> &mut Envelope {
        &mut self.envelope
    }

    /// Checks all that was given.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`], which names the attribute and the rule that it breaks.
    pub fn build(self) -> Result<Envelope, EnvelopeError> {
        let mut envelope = self.envelope;
        // Binary mode can't tell empty data from none, so nothing does.
        envelope.data = envelope.data.filter(|data| !data.is_empty());
        check_text("id", &envelope.id)?;
        check_uri_reference("source", &envelope.source)?;
        check_text("type", &envelope.event_type)?;
        if let Some(subject) = &envelope.subject {
            check_text("subject", subject)?;
        }
        if let Some(time) = envelope.time {
            check_time(time)?;
        }
        if let Some(content_type) = &envelope.data_content_type {
            check_media_type("datacontenttype", content_type)?;
        }
        if let Some(schema) = &envelope.data_schema {
            check_absolute_uri("dataschema", schema)?;
        }
        for (name, value) in &envelope.extensions {
            check_extension_name(name)?;
            if let AttributeValue::Text(text) = value {
                check_characters(name, text)?;
            }
        }
        Ok(envelope)
    }
}
