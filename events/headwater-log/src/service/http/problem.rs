use std::fmt;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Response};
use axum::response::IntoResponse;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{ProblemType, bounded};

/// A problem document on its way to a client.
#[derive(Debug)]
pub struct Problem {
    /// Boxed, because problems are returned in results that mostly hold none.
    kind: Box<ProblemType>,
    detail: String,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// Something that is wrong at one place of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where, as a JSON pointer into the event's JSON form, or into the batch.
    pub pointer: String,
    /// What.
    pub detail: String,
}

/// How many places one answer names.
pub const VIOLATIONS_MAX: usize = 32;

/// After how many seconds a client may try again what failed for a passing reason.
const RETRY_AFTER_SECONDS: u64 = 1;

impl Problem {
    /// A problem of this type, with what happened.
    #[must_use]
    pub fn new(kind: impl Into<ProblemType>, detail: impl Into<String>) -> Self {
        let detail = bounded::sentence(&detail.into()).into_owned();
        Self { kind: Box::new(kind.into()), detail, members: Map::new(), headers: Vec::new() }
    }

    /// The same with one more member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// The same with the first places that are wrong, and how many more there are.
    #[must_use]
    pub fn with_errors(self, errors: &[Violation]) -> Self {
        let (shown, omitted) = errors.split_at(errors.len().min(VIOLATIONS_MAX));
        let shown: Vec<_> = shown.iter().map(Violation::bounded).collect();
        let problem = self.with("errors", shown);
        if omitted.is_empty() { problem } else { problem.with("errors_omitted", omitted.len()) }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Violation {
    fn bounded(&self) -> Value {
        json!({ "pointer": bounded::pointer(&self.pointer), "detail": bounded::sentence(&self.detail) })
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response<Body> {
        let Self { kind, detail, members, headers } = self;
        let instance = Occurrence::next(kind.service).to_string();
        if kind.status().is_server_error() {
            tracing::warn!(problem = kind.slug, instance, detail, "a request failed");
        } else {
            tracing::debug!(problem = kind.slug, instance, detail, "a request was refused");
        }
        let document = Document {
            kind: kind.uri(),
            title: kind.title,
            status: kind.status().as_u16(),
            detail: &detail,
            instance: &instance,
            retryable: kind.retryable,
            members: &members,
        };
        // Texts and numbers always have a JSON form.
        let mut response = Response::new(Body::from(serde_json::to_vec(&document).unwrap_or_default()));
        *response.status_mut() = kind.status();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if kind.retryable {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS.into());
        }
        response.headers_mut().extend(headers);
        response
    }
}

/// The document, in the order in which people read it.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    retryable: bool,
    #[serde(flatten)]
    members: &'a Map<String, Value>,
}

/// A name for one answer, by which an operator finds it in the logs.
struct Occurrence {
    service: &'static str,
    process: u64,
    number: u64,
}

impl Occurrence {
    fn next(service: &'static str) -> Self {
        /// When this process answered first, so that no two processes share names.
        static PROCESS: LazyLock<u64> = LazyLock::new(|| {
            let age = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            age.as_secs() << 20 | u64::from(age.subsec_micros())
        });
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self { service, process: *PROCESS, number: NEXT.fetch_add(1, Ordering::Relaxed) }
    }
}

impl fmt::Display for Occurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "urn:headwater:{}:{:x}-{}", self.service, self.process, self.number)
    }
}
