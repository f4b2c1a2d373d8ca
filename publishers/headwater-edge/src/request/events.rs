use axum::http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use bytes::Bytes;
use headwater_event::{Envelope, EnvelopeError};
use headwater_log::Append;
use headwater_log::service::report;
use serde_json::value::RawValue;

use super::MediaType;
use crate::admission::Refusal;
use crate::problem::{Problem, ProblemKind, Violation};

/// The media types that are taken, for the header that says so.
const ACCEPTED: &str = "application/cloudevents+json, application/cloudevents-batch+json, application/json";

/// The content mode of a request (CloudEvents HTTP binding 1.0.2, section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// Attributes are headers, data are the body.
    Binary,
    /// The body is an event.
    Structured,
    /// The body is a list of events.
    Batch,
}

impl Content {
    /// The mode that the headers announce.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let encodings = headers.get_all(CONTENT_ENCODING).iter();
        if let Some(encoding) = encodings.into_iter().find(|encoding| *encoding != "identity") {
            let detail = format!("the content encoding {encoding:?} isn't supported; send the body as it is");
            return Err(Problem::new(ProblemKind::UNSUPPORTED_MEDIA_TYPE, detail)
                .with_header(ACCEPT_ENCODING, HeaderValue::from_static("identity")));
        }
        let mut types = headers.get_all(CONTENT_TYPE).iter();
        let (first, second) = (types.next(), types.next());
        if second.is_some() {
            return Err(Problem::new(ProblemKind::MALFORMED_EVENT, "there are two headers `Content-Type`"));
        }
        let Some(text) = first else {
            return Err(unsupported("there is no header `Content-Type`"));
        };
        let media_type = MediaType::of(text.to_str().unwrap_or_default());
        if !media_type.is_utf_8() {
            return Err(unsupported(&format!("{text:?} isn't UTF-8, as JSON is")));
        }
        if media_type.is("application/cloudevents+json") {
            Ok(Self::Structured)
        } else if media_type.is("application/cloudevents-batch+json") {
            Ok(Self::Batch)
        } else if media_type.is_json() && !media_type.is_cloudevents() {
            Ok(Self::Binary)
        } else {
            Err(unsupported(&format!("the content type {text:?} is not taken")))
        }
    }

    /// Reads the events, and checks that each is a CloudEvent.
    pub(crate) fn read(self, headers: &HeaderMap, body: &Bytes) -> Result<Vec<Envelope>, Problem> {
        let (events, refusals) = match self {
            Self::Binary => apart([binary(headers, body)]),
            Self::Structured => apart([Envelope::from_json(body).map_err(|error| malformed(&error))]),
            Self::Batch => apart(parts(body)?.into_iter().enumerate().map(|(index, part)| {
                Envelope::from_json(&part).map_err(|error| malformed(&error).in_batch(index))
            })),
        };
        Refusal::problem(refusals).map_or(Ok(events), Err)
    }
}

fn binary(headers: &HeaderMap, body: &Bytes) -> Result<Envelope, Refusal> {
    let mut attributes = Vec::new();
    for (name, value) in headers {
        let attribute = name.as_str().strip_prefix("ce-");
        if attribute.is_none() && name != CONTENT_TYPE {
            continue;
        }
        // A header may hold other bytes, in whatever encoding, and nobody can tell which.
        let value = value.to_str().map_err(|_| {
            let detail = format!("the header `{name}` holds bytes that must be percent-encoded");
            Refusal::at(ProblemKind::MALFORMED_EVENT, pointer(attribute.unwrap_or_default()), detail)
        })?;
        if attribute == Some("datacontenttype") {
            let detail = "attribute `datacontenttype`: is the header `Content-Type` in binary mode";
            return Err(Refusal::at(ProblemKind::MALFORMED_EVENT, "/datacontenttype", detail));
        }
        attributes.push((name.as_str(), value));
    }
    Envelope::from_message(attributes, body).map_err(|error| malformed(&error))
}

/// The events of a batch, as they are written. A few bytes make an event that is refused, so there may be very many.
fn parts(body: &Bytes) -> Result<Vec<Bytes>, Problem> {
    let parts: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| {
        let detail = format!("the batch is not a JSON array: {error}");
        let place = Violation { pointer: String::new(), detail: detail.clone() };
        Problem::new(ProblemKind::MALFORMED_EVENT, detail).with_errors(&[place])
    })?;
    let (count, max) = (parts.len(), Append::EVENTS_MAX);
    if count > max {
        let detail = format!("the batch has {count} events, and at most {max} are stored at once");
        return Err(Problem::new(ProblemKind::TOO_LARGE, detail).with("events_max", max as u64));
    }
    Ok(parts.into_iter().map(|part| body.slice_ref(part.get().as_bytes())).collect())
}

fn apart(read: impl IntoIterator<Item = Result<Envelope, Refusal>>) -> (Vec<Envelope>, Vec<Refusal>) {
    let (mut events, mut refusals) = (Vec::new(), Vec::new());
    for read in read {
        match read {
            Ok(event) => events.push(event),
            Err(refusal) => refusals.push(refusal),
        }
    }
    (events, refusals)
}

fn malformed(error: &EnvelopeError) -> Refusal {
    let pointer = match error {
        EnvelopeError::Missing { name } => pointer(name),
        EnvelopeError::Attribute { name, .. } | EnvelopeError::Twice { name } => pointer(name),
        EnvelopeError::TwoPayloads | EnvelopeError::Data { .. } | EnvelopeError::Payload { .. } => {
            pointer("data")
        }
        EnvelopeError::Json { .. } => String::new(),
    };
    Refusal::at(ProblemKind::MALFORMED_EVENT, pointer, report(error))
}

fn pointer(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("/{}", name.replace('~', "~0").replace('/', "~1")) }
}

fn unsupported(problem: &str) -> Problem {
    let detail = format!("{problem}; send one of {ACCEPTED}");
    Problem::new(ProblemKind::UNSUPPORTED_MEDIA_TYPE, detail)
        .with_header(ACCEPT, HeaderValue::from_static(ACCEPTED))
}
