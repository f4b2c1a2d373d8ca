//! Whatever is sent, the edge answers with a receipt or a problem, and is there for the next one.

use axum::http::{HeaderName, HeaderValue};
use proptest::prelude::*;
use tokio::runtime::Runtime;

use super::answer::Answer;
use super::bed::{Bed, FLIGHT, departed, request};

/// Headers that mean something, so that odd values get far.
const NAMES: [&str; 16] = [
    "content-type",
    "content-length",
    "content-encoding",
    "ce-id",
    "ce-source",
    "ce-specversion",
    "ce-type",
    "ce-subject",
    "ce-time",
    "ce-dataschema",
    "ce-",
    "ce-x_y",
    "if-match",
    "if-none-match",
    "traceparent",
    "tracestate",
];

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"application/json".to_vec()),
        Just(b"application/cloudevents+json".to_vec()),
        Just(b"application/cloudevents-batch+json; charset=\"".to_vec()),
        Just(b"1.0".to_vec()),
        Just(b"/gate-agent".to_vec()),
        Just(b"dev.headwater.flights.flight.departed.v2".to_vec()),
        Just(FLIGHT.as_bytes().to_vec()),
        "\"[0-9]{0,21}\"|%[0-9A-F]{2}|\\*|[ -~]{0,40}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..40),
    ]
}

/// Noise, brackets, and an event in which one byte is another.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let event = departed("1", FLIGHT).to_string().into_bytes();
    let bytes = event.len();
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "[\\[{]{0,300}".prop_map(String::into_bytes),
        (0..bytes, any::<u8>()).prop_map(move |(at, byte)| {
            let mut event = event.clone();
            event[at] = byte;
            event
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_is_answered_with_a_mistake_of_ours(
        headers in proptest::collection::vec((proptest::sample::select(&NAMES[..]), value()), 0..10),
        body in body(),
    ) {
        thread_local! {
            static BED: (Runtime, Bed) = {
                let runtime = Runtime::new().unwrap();
                let bed = runtime.block_on(Bed::start());
                (runtime, bed)
            };
        }
        let mut odd = request(&[], body);
        for (name, value) in headers {
            // What HTTP itself can't carry doesn't arrive.
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                odd.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        let answer: Answer = BED.with(|(runtime, bed)| runtime.block_on(bed.send(odd)));
        prop_assert!(!answer.status.is_server_error(), "{answer:?}");
        if !answer.status.is_success() {
            let slug = answer.body["type"].as_str().unwrap().rsplit('#').next().unwrap().to_owned();
            answer.is_problem(&slug);
        }
    }
}
