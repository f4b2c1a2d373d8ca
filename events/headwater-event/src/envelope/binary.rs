//! The binary content mode of the NATS protocol binding: attributes are headers, data are the payload.

use std::borrow::Cow;

use bytes::Bytes;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::attribute::parse_time;
use super::extensions::Extensions;
use super::text::{Span, Text};
use super::{AttributeValue, Envelope, EnvelopeError};

/// Percent-encoded in a header's value, besides everything that isn't ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

impl Envelope {
    /// The attributes as headers, for binary mode, in an order that is always the same.
    ///
    /// Names are lower-case and begin with `ce-`; values are percent-encoded where they must be.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'static, str>, Cow<'_, str>)> {
        let core = [
            ("ce-specversion", Some(Cow::Borrowed("1.0"))),
            ("ce-id", Some(Cow::Borrowed(self.id()))),
            ("ce-source", Some(Cow::Borrowed(self.source()))),
            ("ce-type", Some(Cow::Borrowed(self.type_name()))),
            ("ce-subject", self.subject().map(Cow::Borrowed)),
            ("ce-time", self.time.map(|time| Cow::Owned(time.to_string()))),
            ("ce-datacontenttype", self.data_content_type().map(Cow::Borrowed)),
            ("ce-dataschema", self.data_schema().map(Cow::Borrowed)),
        ];
        let core = core.into_iter().filter_map(|(name, value)| Some((Cow::Borrowed(name), value?)));
        let extensions = self.extensions.iter().map(|(name, value)| {
            let value = match value {
                AttributeValue::Text(text) => Cow::Borrowed(text.as_str()),
                AttributeValue::Integer(_) | AttributeValue::Boolean(_) => Cow::Owned(value.to_string()),
            };
            (extension_header(name), value)
        });
        core.chain(extensions).map(|(name, value)| (name, encode(value)))
    }

    /// Reads a message in either content mode: structured exactly when its `Content-Type` begins with
    /// `application/cloudevents`, in any case; otherwise binary.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`], which names the attribute and the rule that it breaks.
    pub fn from_message<'a>(
        headers: impl IntoIterator<Item = (&'a str, &'a str)>,
        payload: &Bytes,
    ) -> Result<Self, EnvelopeError> {
        let mut content_type = None;
        let mut attributes = Attributes::default();
        let mut parsed = Ok(());
        for (header, value) in headers {
            if let Some(name) = attribute_name(header) {
                if parsed.is_ok() {
                    parsed = attributes.add(&name, value);
                }
            } else if header.eq_ignore_ascii_case("content-type") && content_type.replace(value).is_some() {
                return Err(twice("content-type"));
            }
        }
        // A structured event may have copies of its attributes beside it; they mean nothing.
        if content_type.is_some_and(is_structured) {
            return Self::from_json(payload);
        }
        parsed?;
        attributes.envelope(content_type, payload)
    }
}

/// What of an envelope is read.
struct Attributes {
    text: Text,
    version: Option<Span>,
    id: Option<Span>,
    source: Option<Span>,
    event_type: Option<Span>,
    subject: Option<Span>,
    data_content_type: Option<Span>,
    data_schema: Option<Span>,
    time: Option<Timestamp>,
    extensions: Extensions,
}

impl Default for Attributes {
    fn default() -> Self {
        /// What most events take.
        const TEXT_BYTES: usize = 256;
        Self {
            text: Text::with_capacity(TEXT_BYTES),
            version: None,
            id: None,
            source: None,
            event_type: None,
            subject: None,
            data_content_type: None,
            data_schema: None,
            time: None,
            extensions: Extensions::default(),
        }
    }
}

impl Attributes {
    fn add(&mut self, name: &str, value: &str) -> Result<(), EnvelopeError> {
        let value = decode(name, value)?;
        let slot = match name {
            "specversion" => &mut self.version,
            "id" => &mut self.id,
            "source" => &mut self.source,
            "type" => &mut self.event_type,
            "subject" => &mut self.subject,
            "datacontenttype" => &mut self.data_content_type,
            "dataschema" => &mut self.data_schema,
            "time" => {
                let before = self.time.replace(parse_time(&value)?);
                return before.map_or(Ok(()), |_| Err(twice(name)));
            }
            _ => {
                let before = self.extensions.insert(name, value.into_owned().into());
                return before.map_or(Ok(()), |_| Err(twice(name)));
            }
        };
        let before = slot.replace(self.text.add(name, &value)?);
        before.map_or(Ok(()), |_| Err(twice(name)))
    }

    fn envelope(mut self, content_type: Option<&str>, payload: &Bytes) -> Result<Envelope, EnvelopeError> {
        let missing = |name| EnvelopeError::Missing { name };
        let version = self.version.ok_or_else(|| missing("specversion"))?;
        check_spec_version(self.text.get(version))?;
        if let (None, Some(content_type)) = (self.data_content_type, content_type) {
            self.data_content_type = Some(self.text.add("datacontenttype", content_type)?);
        }
        let envelope = Envelope {
            id: self.id.ok_or_else(|| missing("id"))?,
            source: self.source.ok_or_else(|| missing("source"))?,
            event_type: self.event_type.ok_or_else(|| missing("type"))?,
            subject: self.subject,
            data_content_type: self.data_content_type,
            data_schema: self.data_schema,
            text: self.text,
            time: self.time,
            extensions: self.extensions,
            data: (!payload.is_empty()).then(|| payload.clone()),
        };
        envelope.checked()
    }
}

/// The media type of a structured event, for the `Content-Type` header.
pub(super) const STRUCTURED: &str = "application/cloudevents";

fn twice(name: &str) -> EnvelopeError {
    EnvelopeError::Twice { name: name.to_owned() }
}

fn is_structured(content_type: &str) -> bool {
    content_type.get(..STRUCTURED.len()).is_some_and(|start| start.eq_ignore_ascii_case(STRUCTURED))
}

pub(super) fn check_spec_version(version: &str) -> Result<(), EnvelopeError> {
    if version == "1.0" {
        Ok(())
    } else {
        Err(EnvelopeError::attribute("specversion", format!("{version:?} is not supported; use \"1.0\"")))
    }
}

/// The attribute that a header holds. Header names are case-insensitive; attribute names are lower-case.
fn attribute_name(header: &str) -> Option<Cow<'_, str>> {
    let (prefix, name) = header.split_at_checked(3)?;
    if prefix != "ce-" && !prefix.eq_ignore_ascii_case("ce-") {
        return None;
    }
    let lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) })
}

/// The header of an extension. Those that each of our events has needn't be made anew.
fn extension_header(name: &str) -> Cow<'static, str> {
    Cow::Borrowed(match name {
        "causationid" => "ce-causationid",
        "correlationid" => "ce-correlationid",
        "traceparent" => "ce-traceparent",
        name => return Cow::Owned(format!("ce-{name}")),
    })
}

fn encode(value: Cow<'_, str>) -> Cow<'_, str> {
    let plain = value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'%');
    if plain { value } else { Cow::Owned(utf8_percent_encode(&value, ENCODED).to_string()) }
}

fn decode<'a>(name: &str, value: &'a str) -> Result<Cow<'a, str>, EnvelopeError> {
    let unquoted = unquote(value);
    if !unquoted.contains('%') {
        return Ok(unquoted);
    }
    let decoded = percent_decode_str(&unquoted).decode_utf8();
    let decoded = decoded.map_err(|_| {
        EnvelopeError::attribute(name, format!("the header {value:?} is not percent-encoded UTF-8"))
    })?;
    Ok(Cow::Owned(decoded.into_owned()))
}

/// Takes off the double quotes of a quoted string, and the backslashes inside it (RFC 7230, 3.2.6).
fn unquote(value: &str) -> Cow<'_, str> {
    let inner = match value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inner) => inner,
        None => return Cow::Borrowed(value),
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        text.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    Cow::Owned(text)
}
