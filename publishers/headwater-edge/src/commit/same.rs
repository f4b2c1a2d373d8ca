use headwater_event::Envelope;
use serde_json::Value;

/// Whether an event that was sent is the one that is stored under its id.
///
/// What the edge adds is no difference: `sent` is complete, so a correlation that is the event's own id may be the edge's. Nor is
/// what an attempt has of its own: the trace, and the content mode, in which numbers may be texts and white space may be lost.
pub(super) fn is_same(sent: &Envelope, stored: &Envelope) -> bool {
    sent.fingerprint() == stored.fingerprint()
        && sent.type_name() == stored.type_name()
        && sent.subject() == stored.subject()
        && sent.time().is_none_or(|time| Some(time) == stored.time())
        && has_same_data(sent, stored)
        && sent.extensions().filter(|(name, _)| !OF_AN_ATTEMPT.contains(name)).all(|(name, value)| {
            let is_equal = stored.extension(name).is_some_and(|other| other.to_string() == value.to_string());
            is_equal || (name == "correlationid" && value.to_string() == sent.id())
        })
}

/// The extensions that a retry may have of its own.
const OF_AN_ATTEMPT: [&str; 2] = ["traceparent", "tracestate"];

fn has_same_data(sent: &Envelope, stored: &Envelope) -> bool {
    let parse = |event: &Envelope| serde_json::from_slice::<Value>(event.data()).ok();
    sent.data() == stored.data() || parse(sent).is_some_and(|data| Some(data) == parse(stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(data: &'static str) -> headwater_event::EnvelopeBuilder {
        Envelope::builder("1", "/a", "org.example.a.b.c.v1").subject("s").data("application/json", data)
    }

    #[test]
    fn a_retry_in_another_mode_and_trace_is_the_same_event() {
        let sent =
            event(r#"{"a": 1}"#).extension("priority", 3).extension("traceparent", "new").build().unwrap();
        let stored = event(r#"{"a":1}"#)
            .extension("priority", "3")
            .extension("traceparent", "old")
            .extension("correlationid", "1")
            .time("2013-01-01T00:00:00Z".parse().unwrap())
            .build()
            .unwrap();
        assert!(is_same(&sent, &stored));
    }

    #[test]
    fn a_retry_without_a_correlation_is_the_same_event() {
        let correlated = |by| event("{}").extension("correlationid", by).build().unwrap();
        assert!(is_same(&correlated("1"), &correlated("flow")));
        assert!(!is_same(&correlated("other"), &correlated("flow")));
    }

    #[test]
    fn other_data_or_attributes_are_another_event() {
        let stored = event(r#"{"a":1}"#).build().unwrap();
        assert!(!is_same(&event(r#"{"a":2}"#).build().unwrap(), &stored));
        assert!(!is_same(&event(r#"{"a":1}"#).subject("t").build().unwrap(), &stored));
        assert!(!is_same(&event(r#"{"a":1}"#).extension("causationid", "x").build().unwrap(), &stored));
        let time = "2013-01-01T00:00:00Z".parse().unwrap();
        assert!(!is_same(&event(r#"{"a":1}"#).time(time).build().unwrap(), &stored));
    }
}
