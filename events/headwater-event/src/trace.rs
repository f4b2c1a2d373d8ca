use std::fmt;
use std::str::FromStr;

use crate::Fingerprint;

/// A position in a distributed trace: the W3C `traceparent` and `tracestate`, which every event
/// carries as CloudEvents extensions (CloudEvents "Distributed Tracing" extension).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: u128,
    span_id: u64,
    flags: u8,
    state: Option<String>,
}

impl TraceContext {
    /// Begins a trace at something that has a unique name, for example a command's id.
    ///
    /// The ids are a hash of the name and so the same at a retry: an event that is published again is
    /// the same event, to the byte.
    #[must_use]
    pub fn root(name: &str) -> Self {
        let trace_id = u128::from_be_bytes(Fingerprint::hash(&[b"trace", name.as_bytes()]).to_bytes());
        // All zeroes is invalid by the specification.
        Self { trace_id: trace_id.max(1), span_id: span_id(name, trace_id), flags: 1, state: None }
    }

    /// The context of something that this one caused, in the same trace.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let parent = self.trace_id ^ u128::from(self.span_id);
        Self { span_id: span_id(name, parent), ..self.clone() }
    }

    /// Adds the vendors' list of `key=value` pairs.
    #[must_use]
    pub fn with_state(self, state: Option<String>) -> Self {
        Self { state: state.filter(|state| !state.is_empty()), ..self }
    }

    /// The `tracestate`, if there is one.
    #[must_use]
    pub fn state(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// The trace to which this belongs, as 32 hexadecimal digits.
    #[must_use]
    pub fn trace_id(&self) -> String {
        format!("{:032x}", self.trace_id)
    }
}

fn span_id(name: &str, parent: u128) -> u64 {
    let [.., a, b, c, d, e, f, g, h] =
        Fingerprint::hash(&[b"span", &parent.to_be_bytes(), name.as_bytes()]).to_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h]).max(1)
}

/// The `traceparent` header's value.
impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }
}

impl FromStr for TraceContext {
    type Err = TraceContextError;

    /// Reads a `traceparent` of version 00, or of a later version as the specification asks for.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| TraceContextError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<TraceContext> {
    let lower_hex =
        |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let mut parts = text.split('-');
    let mut part = |length: usize| parts.next().filter(|part| part.len() == length && lower_hex(part));
    let (version, trace_id, span_id, flags) = (part(2)?, part(32)?, part(16)?, part(2)?);
    let ends = parts.next().is_none();
    if version == "ff" || (version == "00" && !ends) {
        return None;
    }
    let context = TraceContext {
        trace_id: u128::from_str_radix(trace_id, 16).ok()?,
        span_id: u64::from_str_radix(span_id, 16).ok()?,
        flags: u8::from_str_radix(flags, 16).ok()?,
        state: None,
    };
    (context.trace_id != 0 && context.span_id != 0).then_some(context)
}

/// A `traceparent` that isn't one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a W3C traceparent like `00-<32 hex digits>-<16 hex digits>-01`")]
pub struct TraceContextError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_example_of_the_specification() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context: TraceContext = text.parse().unwrap();
        assert_eq!(context.to_string(), text);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
    }

    #[test]
    fn a_child_stays_in_its_trace_and_is_another_span() {
        let root = TraceContext::root("command-1");
        let child = root.child("event-1");
        assert_eq!(child.trace_id(), root.trace_id());
        assert_ne!(child, root);
        assert_ne!(root.child("event-2"), child);
        assert_eq!(root.child("event-1"), child, "the same at a retry");
    }

    #[test]
    fn refuses_what_the_specification_calls_invalid() {
        for text in [
            "",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        ] {
            assert!(text.parse::<TraceContext>().is_err(), "{text:?}");
        }
    }
}
