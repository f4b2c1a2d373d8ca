mod attribute;
mod binary;
mod builder;
mod error;
mod extensions;
mod sdk;
mod structured;
mod text;

use std::fmt;

use bytes::Bytes;
use jiff::Timestamp;

use self::attribute::{
    check_absolute_uri, check_characters, check_extension_name, check_media_type, check_text, check_time,
    check_uri_reference,
};
use self::extensions::Extensions;
use self::text::{Span, Text};
use crate::{EventType, EventTypeError, Fingerprint, TraceContext};

pub use attribute::AttributeValue;
pub use builder::EnvelopeBuilder;
pub use error::EnvelopeError;

/// A CloudEvent 1.0, and never an invalid one: every way to make an envelope checks every rule.
///
/// Its data are bytes, as a broker carries them. The two content modes are
/// [`Envelope::headers`] with [`Envelope::data`] (binary), and [`Envelope::to_json`] (structured);
/// [`Envelope::from_message`] reads both.
///
/// # Example: a structured event of another program
///
/// ```
/// use headwater_event::Envelope;
///
/// let json = br#"{"specversion":"1.0","id":"7","source":"/till","type":"org.example.paid","data":{"cents":300}}"#;
/// let envelope = Envelope::from_json(&json.as_slice().into())?;
/// assert_eq!(envelope.data(), br#"{"cents":300}"#);
///
/// let empty_id = br#"{"specversion":"1.0","id":"","source":"/till","type":"org.example.paid"}"#;
/// let error = Envelope::from_json(&empty_id.as_slice().into()).unwrap_err();
/// assert_eq!(error.to_string(), "attribute `id`: must not be empty");
/// # Ok::<(), headwater_event::EnvelopeError>(())
/// ```
#[derive(Clone)]
pub struct Envelope {
    text: Text,
    id: Span,
    source: Span,
    event_type: Span,
    subject: Option<Span>,
    data_content_type: Option<Span>,
    data_schema: Option<Span>,
    time: Option<Timestamp>,
    extensions: Extensions,
    data: Option<Bytes>,
}

impl Envelope {
    /// Begins an envelope with the attributes that every event has: `id`, unique for its source;
    /// `source`, a URI reference; and the event's `type`.
    pub fn builder(
        id: impl Into<String>,
        source: impl Into<String>,
        event_type: impl Into<String>,
    ) -> EnvelopeBuilder {
        EnvelopeBuilder::new(id.into(), source.into(), event_type.into())
    }

    /// The event's id, unique for its source.
    #[must_use]
    pub fn id(&self) -> &str {
        self.text.get(self.id)
    }

    /// Who published the event: a URI reference.
    #[must_use]
    pub fn source(&self) -> &str {
        self.text.get(self.source)
    }

    /// The event's type, as text.
    #[must_use]
    pub fn type_name(&self) -> &str {
        self.text.get(self.event_type)
    }

    /// The event's type, if it is one of ours.
    ///
    /// # Errors
    ///
    /// [`EventTypeError`] when the type is of another form. That makes no event invalid: CloudEvents
    /// lets a type be any text.
    pub fn event_type(&self) -> Result<EventType<'_>, EventTypeError> {
        EventType::parse(self.type_name())
    }

    /// What the event is about: for our events the aggregate's id.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.map(|span| self.text.get(span))
    }

    /// When it happened.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.time
    }

    /// The media type of the data.
    #[must_use]
    pub fn data_content_type(&self) -> Option<&str> {
        self.data_content_type.map(|span| self.text.get(span))
    }

    /// The URI of the schema that the data follow.
    #[must_use]
    pub fn data_schema(&self) -> Option<&str> {
        self.data_schema.map(|span| self.text.get(span))
    }

    /// The data; empty when there are none.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        self.data.as_deref().unwrap_or_default()
    }

    /// The data as shared bytes; `None` when the event has none.
    #[must_use]
    pub fn data_bytes(&self) -> Option<&Bytes> {
        self.data.as_ref()
    }

    /// An extension attribute.
    #[must_use]
    pub fn extension(&self, name: &str) -> Option<&AttributeValue> {
        self.extensions.get(name)
    }

    /// All extension attributes, by name.
    pub fn extensions(&self) -> impl Iterator<Item = (&str, &AttributeValue)> {
        self.extensions.iter()
    }

    /// The id of the flow that the event belongs to (`correlationid`).
    #[must_use]
    pub fn correlation_id(&self) -> Option<&str> {
        self.text_extension("correlationid")
    }

    /// The id of the command or event that caused this one (`causationid`).
    #[must_use]
    pub fn causation_id(&self) -> Option<&str> {
        self.text_extension("causationid")
    }

    /// The event's position in a distributed trace (`traceparent`, `tracestate`), if it has a valid one.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        let trace: TraceContext = self.text_extension("traceparent")?.parse().ok()?;
        Some(trace.with_state(self.text_extension("tracestate").map(str::to_owned)))
    }

    /// The deterministic name of this event, from its source and id.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::new(self.source(), self.id())
    }

    /// The envelope, if it keeps all rules.
    fn checked(self) -> Result<Self, EnvelopeError> {
        check_text("id", self.id())?;
        check_uri_reference("source", self.source())?;
        check_text("type", self.type_name())?;
        if let Some(subject) = self.subject() {
            check_text("subject", subject)?;
        }
        if let Some(time) = self.time {
            check_time(time)?;
        }
        if let Some(content_type) = self.data_content_type() {
            check_media_type("datacontenttype", content_type)?;
        }
        if let Some(schema) = self.data_schema() {
            check_absolute_uri("dataschema", schema)?;
        }
        for (name, value) in self.extensions.iter() {
            check_extension_name(name)?;
            if let AttributeValue::Text(text) = value {
                check_characters(name, text)?;
            }
        }
        Ok(self)
    }

    fn text_extension(&self, name: &str) -> Option<&str> {
        match self.extensions.get(name)? {
            AttributeValue::Text(text) => Some(text),
            AttributeValue::Integer(_) | AttributeValue::Boolean(_) => None,
        }
    }
}

impl PartialEq for Envelope {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
            && self.source() == other.source()
            && self.type_name() == other.type_name()
            && self.subject() == other.subject()
            && self.time == other.time
            && self.data_content_type() == other.data_content_type()
            && self.data_schema() == other.data_schema()
            && self.extensions == other.extensions
            && self.data == other.data
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope")
            .field("id", &self.id())
            .field("source", &self.source())
            .field("event_type", &self.type_name())
            .field("subject", &self.subject())
            .field("time", &self.time)
            .field("data_content_type", &self.data_content_type())
            .field("data_schema", &self.data_schema())
            .field("extensions", &self.extensions)
            .field("data", &self.data)
            .finish()
    }
}
