//! Who caused what: correlation, causation and trace, from a command to events, and on to further commands.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use bytes::Bytes;
use headwater_event::{CommandContext, Envelope, Event, JsonSchema, TraceContext};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "orders", aggregate = "order", name = "paid", version = 1)]
struct OrderPaid {
    #[event(key)]
    order: String,
}

const TRACE_PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What the `index`th event of a command looks like to a reader.
type Transport = fn(&Envelope) -> Envelope;

const MODES: [(&str, Transport); 2] =
    [("binary", through_binary_mode), ("structured", through_structured_mode)];

fn through_binary_mode(envelope: &Envelope) -> Envelope {
    let headers: Vec<_> = envelope.headers().collect();
    let headers = headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    Envelope::from_message(headers, envelope.data_bytes().unwrap()).unwrap()
}

fn through_structured_mode(envelope: &Envelope) -> Envelope {
    let json = Bytes::from(envelope.to_json().unwrap());
    Envelope::from_message([("content-type", Envelope::JSON_CONTENT_TYPE)], &json).unwrap()
}

fn event_of(command: &CommandContext, index: usize) -> Envelope {
    let paid = OrderPaid { order: "7".to_owned() };
    command.envelope(&paid, index, "/till", Timestamp::UNIX_EPOCH).unwrap()
}

/// The third part of a `traceparent`.
fn span(trace: &TraceContext) -> String {
    trace.to_string().split('-').nth(2).unwrap().to_owned()
}

#[test]
fn an_event_carries_its_command_as_cause_and_the_flow_that_the_command_is_in() {
    for (mode, transport) in MODES {
        let command = CommandContext::new("pay-7").with_correlation_id("checkout-7");
        let event = transport(&event_of(&command, 0));
        assert_eq!(event.id(), "pay-7/0", "{mode}");
        assert_eq!(event.causation_id(), Some("pay-7"), "{mode}");
        assert_eq!(event.correlation_id(), Some("checkout-7"), "{mode}");
        assert_eq!(event.subject(), Some("7"), "{mode}");
        assert_eq!(event.type_name(), "dev.headwater.orders.order.paid.v1", "{mode}");
        assert_eq!(
            event.data_schema(),
            Some("urn:headwater:schema:dev.headwater.orders.order.paid.v1"),
            "{mode}"
        );
        assert_eq!(event.data(), br#"{"order":"7"}"#, "{mode}");
    }
}

#[test]
fn a_flow_keeps_its_correlation_and_its_trace_over_any_number_of_commands() {
    for (mode, transport) in MODES {
        let parent: TraceContext = TRACE_PARENT.parse().unwrap();
        let parent = parent.with_state(Some("vendor=a b".to_owned()));
        let first = CommandContext::new("pay-7").with_correlation_id("checkout-7").with_trace(parent.clone());
        let paid = transport(&event_of(&first, 0));
        let second = CommandContext::caused_by("ship-7", &paid);
        let shipped = transport(&event_of(&second, 0));

        assert_eq!(second.correlation_id(), "checkout-7", "{mode}");
        assert_eq!(shipped.correlation_id(), Some("checkout-7"), "{mode}");
        assert_eq!(shipped.causation_id(), Some("ship-7"), "{mode}");

        let (paid, shipped) = (paid.trace().unwrap(), shipped.trace().unwrap());
        assert_eq!(*second.trace(), paid, "{mode}: the command continues at the event's span");
        for trace in [&paid, &shipped] {
            assert_eq!(trace.trace_id(), parent.trace_id(), "{mode}");
            assert_eq!(trace.state(), Some("vendor=a b"), "{mode}");
        }
        let spans = [span(&parent), span(&paid), span(&shipped)];
        assert!(spans[0] != spans[1] && spans[1] != spans[2] && spans[0] != spans[2], "{mode}: {spans:?}");
    }
}

#[test]
fn every_event_of_one_command_has_an_id_and_a_span_of_its_own_in_one_trace() {
    let command = CommandContext::new("pay-7");
    let (first, second) = (event_of(&command, 0), event_of(&command, 1));
    assert_ne!(first.id(), second.id());
    assert_ne!(first.fingerprint(), second.fingerprint());
    let (first, second) = (first.trace().unwrap(), second.trace().unwrap());
    assert_eq!(first.trace_id(), second.trace_id());
    assert_ne!(span(&first), span(&second));
}

#[test]
fn a_command_without_a_flow_begins_one_that_bears_its_name() {
    let event = event_of(&CommandContext::new("pay-7"), 0);
    assert_eq!(event.correlation_id(), Some("pay-7"));
    assert!(event.trace().is_some());
}

#[test]
fn handling_a_command_again_yields_the_same_event_to_the_byte() {
    let event = || event_of(&CommandContext::new("pay-7"), 0).to_json().unwrap();
    assert_eq!(event(), event());
}

#[test]
fn an_event_of_another_program_begins_a_flow_that_bears_its_id() {
    let foreign = Envelope::builder("42", "/elsewhere", "org.example.paid").build().unwrap();
    let command = CommandContext::caused_by("ship-7", &foreign);
    assert_eq!(command.correlation_id(), "42");
    let other = CommandContext::caused_by("bill-7", &foreign);
    assert_eq!(command.trace(), other.trace(), "whatever it causes is one trace");
}

#[test]
fn an_invalid_traceparent_is_no_reason_to_refuse_an_event() {
    let foreign = Envelope::builder("42", "/elsewhere", "org.example.paid")
        .extension("traceparent", "00-0-0-0")
        .extension("tracestate", "vendor=a")
        .build()
        .unwrap();
    assert_eq!(foreign.trace(), None);
}
