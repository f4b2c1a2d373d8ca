//! The structured content mode: the JSON event format of CloudEvents 1.0.

use std::borrow::Cow;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::de::{MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::attribute::{is_json, parse_time};
use super::binary::check_spec_version;
use super::{AttributeValue, Envelope, EnvelopeError};

impl Envelope {
    /// The `Content-Type` of what [`Envelope::to_json`] writes.
    pub const JSON_CONTENT_TYPE: &'static str = "application/cloudevents+json";

    /// The event as one JSON object. The bytes are always the same: attributes in the order of the
    /// specification, extensions by name, data last.
    ///
    /// Data that aren't what the content type says are written as Base64, and so survive as well.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError::Data`] when `serde_json` can't write, which isn't known to happen.
    pub fn to_json(&self) -> Result<Vec<u8>, EnvelopeError> {
        let payload = self.data.as_ref().map(|data| Payload::of(self.data_content_type(), data));
        let structured = Structured { envelope: self, payload };
        serde_json::to_vec(&structured).map_err(|source| EnvelopeError::Data { source })
    }

    /// Reads an event from one JSON object. The data are not copied.
    ///
    /// # Errors
    ///
    /// [`EnvelopeError`], which names the attribute and the rule that it breaks.
    pub fn from_json(json: &Bytes) -> Result<Self, EnvelopeError> {
        let members: Members<'_> =
            serde_json::from_slice(json).map_err(|source| EnvelopeError::Json { source })?;
        let mut builder = Self::builder("", "", "");
        let (mut version, mut id, mut source, mut event_type) = (None, None, None, None);
        let (mut data, mut base64) = (None, None);
        for (name, value) in members.0 {
            let slot = match name.as_ref() {
                "data" => {
                    fill(&mut data, &name, value)?;
                    continue;
                }
                _ if value.get() == "null" => continue,
                "data_base64" => {
                    fill(&mut base64, &name, text(&name, value)?)?;
                    continue;
                }
                "time" => {
                    fill(&mut builder.time, &name, parse_time(&text(&name, value)?)?)?;
                    continue;
                }
                "specversion" => &mut version,
                "id" => &mut id,
                "source" => &mut source,
                "type" => &mut event_type,
                "subject" => &mut builder.subject,
                "datacontenttype" => &mut builder.data_content_type,
                "dataschema" => &mut builder.data_schema,
                _ => {
                    if builder.extensions.insert(&name, attribute(&name, value)?).is_some() {
                        return Err(EnvelopeError::Twice { name: name.into_owned() });
                    }
                    continue;
                }
            };
            fill(slot, &name, text(&name, value)?)?;
        }
        let missing = |name| EnvelopeError::Missing { name };
        check_spec_version(version.as_deref().ok_or_else(|| missing("specversion"))?)?;
        builder.id = id.ok_or_else(|| missing("id"))?;
        builder.source = source.ok_or_else(|| missing("source"))?;
        builder.event_type = event_type.ok_or_else(|| missing("type"))?;
        // Programs that write every member write `null` for the one of the two that holds nothing.
        let data = data.filter(|value: &&RawValue| base64.is_none() || value.get() != "null");
        builder.data = match (data, base64) {
            (Some(_), Some(_)) => return Err(EnvelopeError::TwoPayloads),
            (Some(value), None) => payload(json, value, builder.data_content_type.as_deref())?,
            (None, Some(text)) => Some(
                BASE64
                    .decode(text)
                    .map_err(|error| {
                        EnvelopeError::attribute("data_base64", format!("is not Base64: {error}"))
                    })?
                    .into(),
            ),
            (None, None) => None,
        };
        builder.build()
    }
}

fn fill<T>(slot: &mut Option<T>, name: &str, value: T) -> Result<(), EnvelopeError> {
    match slot.replace(value) {
        Some(_) => Err(EnvelopeError::Twice { name: name.to_owned() }),
        None => Ok(()),
    }
}

fn text(name: &str, value: &RawValue) -> Result<String, EnvelopeError> {
    serde_json::from_str(value.get()).map_err(|_| EnvelopeError::attribute(name, "must be a string"))
}

fn attribute(name: &str, value: &RawValue) -> Result<AttributeValue, EnvelopeError> {
    let json = value.get();
    let parsed = match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).map(AttributeValue::Text),
        Some(b't' | b'f') => serde_json::from_str(json).map(AttributeValue::Boolean),
        _ => serde_json::from_str(json).map(AttributeValue::Integer),
    };
    parsed.map_err(|_| EnvelopeError::attribute(name, "must be a string, a boolean, or a 32-bit integer"))
}

/// The bytes that `data` stands for, depending on whether the content type is JSON; it is, by default.
fn payload(
    json: &Bytes,
    value: &RawValue,
    content_type: Option<&str>,
) -> Result<Option<Bytes>, EnvelopeError> {
    let raw = value.get();
    match content_type {
        Some(content_type) if !is_json(content_type) => {
            if raw == "null" {
                return Ok(None);
            }
            let text: String = serde_json::from_str(raw).map_err(|_| EnvelopeError::Payload {
                expected: "a JSON string",
                content_type: content_type.to_owned(),
            })?;
            Ok(Some(text.into()))
        }
        _ => Ok(Some(json.slice_ref(raw.as_bytes()))),
    }
}

/// A JSON object's members as they stand there, duplicates included.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a CloudEvent as a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(16);
                while let Some(Name(name)) = map.next_key()? {
                    members.push((name, map.next_value()?));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// A member's name, borrowed where it holds no escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// What stands behind `data` or `data_base64`.
enum Payload<'a> {
    Json(&'a RawValue),
    Text(&'a str),
    Binary(String),
}

impl<'a> Payload<'a> {
    fn of(content_type: Option<&str>, data: &'a [u8]) -> Self {
        // Without a content type, `data` claims to be JSON.
        let readable = if content_type.is_none_or(is_json) {
            serde_json::from_slice(data).ok().map(Self::Json)
        } else if content_type.is_some_and(|content_type| content_type.starts_with("text/")) {
            std::str::from_utf8(data).ok().map(Self::Text)
        } else {
            None
        };
        readable.unwrap_or_else(|| Self::Binary(BASE64.encode(data)))
    }
}

struct Structured<'a> {
    envelope: &'a Envelope,
    payload: Option<Payload<'a>>,
}

impl Serialize for Structured<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let envelope = self.envelope;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("specversion", "1.0")?;
        map.serialize_entry("id", envelope.id())?;
        map.serialize_entry("source", envelope.source())?;
        map.serialize_entry("type", envelope.type_name())?;
        if let Some(subject) = envelope.subject() {
            map.serialize_entry("subject", subject)?;
        }
        if let Some(time) = envelope.time() {
            map.serialize_entry("time", &time)?;
        }
        if let Some(content_type) = envelope.data_content_type() {
            map.serialize_entry("datacontenttype", content_type)?;
        }
        if let Some(schema) = envelope.data_schema() {
            map.serialize_entry("dataschema", schema)?;
        }
        for (name, value) in envelope.extensions() {
            match value {
                AttributeValue::Text(text) => map.serialize_entry(name, text)?,
                AttributeValue::Integer(integer) => map.serialize_entry(name, integer)?,
                AttributeValue::Boolean(boolean) => map.serialize_entry(name, boolean)?,
            }
        }
        match &self.payload {
            Some(Payload::Json(json)) => map.serialize_entry("data", json)?,
            Some(Payload::Text(text)) => map.serialize_entry("data", text)?,
            Some(Payload::Binary(base64)) => map.serialize_entry("data_base64", base64)?,
            None => {}
        }
        map.end()
    }
}
