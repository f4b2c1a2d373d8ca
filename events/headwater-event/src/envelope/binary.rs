//! The binary content mode of the NATS protocol binding: attributes are headers, data are the payload.

use std::borrow::Cow;

use bytes::Bytes;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::attribute::parse_time;
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
            ("ce-id", Some(Cow::Borrowed(self.id.as_str()))),
            ("ce-source", Some(Cow::Borrowed(self.source.as_str()))),
            ("ce-type", Some(Cow::Borrowed(self.event_type.as_str()))),
            ("ce-subject", self.subject.as_deref().map(Cow::Borrowed)),
            ("ce-time", self.time.map(|time| Cow::Owned(time.to_string()))),
            ("ce-datacontenttype", self.data_content_type.as_deref().map(Cow::Borrowed)),
            ("ce-dataschema", self.data_schema.as_deref().map(Cow::Borrowed)),
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
        let mut attributes = Vec::with_capacity(16);
        for (header, value) in headers {
            if header.eq_ignore_ascii_case("content-type") {
                if content_type.replace(value).is_some() {
                    return Err(twice("content-type"));
                }
            } else if let Some(name) = attribute_name(header) {
                attributes.push((name, value));
            }
        }
        // A structured event may have copies of its attributes beside it; they mean nothing.
        if content_type.is_some_and(is_structured) {
            return Self::from_json(payload);
        }
        let mut builder = Self::builder("", "", "");
        let (mut version, mut id, mut source, mut event_type) = (None, None, None, None);
        let envelope = builder.raw();
        for (name, value) in attributes {
            let value = decode(&name, value)?;
            let slot = match name.as_ref() {
                "specversion" => &mut version,
                "id" => &mut id,
                "source" => &mut source,
                "type" => &mut event_type,
                "subject" => &mut envelope.subject,
                "datacontenttype" => &mut envelope.data_content_type,
                "dataschema" => &mut envelope.data_schema,
                "time" => {
                    if envelope.time.replace(parse_time(&value)?).is_some() {
                        return Err(twice(&name));
                    }
                    continue;
                }
                _ => {
                    if envelope.extensions.insert(name.to_string().into(), value.into()).is_some() {
                        return Err(twice(&name));
                    }
                    continue;
                }
            };
            if slot.replace(value).is_some() {
                return Err(twice(&name));
            }
        }
        let missing = |name| EnvelopeError::Missing { name };
        check_spec_version(version.as_deref().ok_or_else(|| missing("specversion"))?)?;
        envelope.id = id.ok_or_else(|| missing("id"))?;
        envelope.source = source.ok_or_else(|| missing("source"))?;
        envelope.event_type = event_type.ok_or_else(|| missing("type"))?;
        if envelope.data_content_type.is_none() {
            envelope.data_content_type = content_type.map(str::to_owned);
        }
        envelope.data = (!payload.is_empty()).then(|| payload.clone());
        builder.build()
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
    if !prefix.eq_ignore_ascii_case("ce-") {
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

fn decode(name: &str, value: &str) -> Result<String, EnvelopeError> {
    let unquoted = unquote(value);
    if !unquoted.contains('%') {
        return Ok(unquoted.into_owned());
    }
    let decoded = percent_decode_str(&unquoted).decode_utf8();
    let decoded = decoded.map_err(|_| {
        EnvelopeError::attribute(name, format!("the header {value:?} is not percent-encoded UTF-8"))
    })?;
    Ok(decoded.into_owned())
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
