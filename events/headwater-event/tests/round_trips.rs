//! What goes out comes back, in every mode and through the SDK's type, for any valid event.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use bytes::Bytes;
use headwater_event::{AttributeValue, Envelope, EnvelopeBuilder};
use jiff::Timestamp;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::Index;

/// Text without control characters; `\PC` also leaves out what Unicode hasn't assigned.
const TEXT: &str = "\\PC{1,24}";

fn value() -> impl Strategy<Value = AttributeValue> {
    prop_oneof![
        "\\PC{0,24}".prop_map(AttributeValue::Text),
        any::<i32>().prop_map(AttributeValue::Integer),
        any::<bool>().prop_map(AttributeValue::Boolean),
    ]
}

/// Names that can't be one of the core's.
fn extensions() -> impl Strategy<Value = Vec<(String, AttributeValue)>> {
    btree_map("x[a-z0-9]{0,12}", value(), 0..6).prop_map(|extensions| extensions.into_iter().collect())
}

fn time() -> impl Strategy<Value = Timestamp> {
    let (first, last) = ("0000-01-01T00:00:00Z", "9999-12-30T00:00:00Z");
    let nanosecond = |text: &str| text.parse::<Timestamp>().unwrap().as_nanosecond();
    (nanosecond(first)..nanosecond(last)).prop_map(|time| Timestamp::from_nanosecond(time).unwrap())
}

fn json() -> impl Strategy<Value = Bytes> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        "\\PC{0,12}|[\\n\\t\"\\\\]{0,3}".prop_map(serde_json::Value::from),
    ];
    let tree = leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            btree_map("\\PC{0,6}", inner, 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    });
    tree.prop_map(|json| serde_json::to_vec(&json).unwrap().into())
}

/// A content type, perhaps, and data that may or may not be what it says.
fn data() -> impl Strategy<Value = (Option<&'static str>, Option<Bytes>)> {
    let content_type = prop_oneof![
        Just(None),
        Just(Some("application/json")),
        Just(Some("Application/Vnd.Till+JSON; charset=utf-8")),
        Just(Some("text/plain; charset=\"utf-8\"")),
        Just(Some("application/octet-stream")),
    ];
    let bytes = prop_oneof![
        json(),
        "\\PC{0,24}".prop_map(Bytes::from),
        vec(any::<u8>(), 0..24).prop_map(Bytes::from),
    ];
    (content_type, option::of(bytes))
}

/// A builder for any valid event, but its extensions and its data.
fn attributes() -> impl Strategy<Value = EnvelopeBuilder> {
    let source = "[a-z]{1,8}:[a-zA-Z0-9/._~%-]{0,12}|/[a-z0-9/]{0,12}|#[a-z]{1,8}";
    (
        TEXT,
        source,
        TEXT,
        option::of(TEXT),
        option::of(time()),
        option::of("urn:[a-z0-9]{2,8}:[a-z0-9:.]{1,12}"),
    )
        .prop_map(|(id, source, event_type, subject, time, schema)| {
            let mut builder = Envelope::builder(id, source, event_type);
            if let Some(subject) = subject {
                builder = builder.subject(subject);
            }
            if let Some(time) = time {
                builder = builder.time(time);
            }
            if let Some(schema) = schema {
                builder = builder.data_schema(schema);
            }
            builder
        })
}

fn with_extensions(builder: EnvelopeBuilder, extensions: &[(String, AttributeValue)]) -> EnvelopeBuilder {
    extensions.iter().fold(builder, |builder, (name, value)| builder.extension(name, value.clone()))
}

/// Any valid event. A builder gives data a content type, so those without one are read from a message.
fn envelope() -> impl Strategy<Value = Envelope> {
    (attributes(), extensions(), data()).prop_map(|(builder, extensions, (content_type, bytes))| {
        let builder = with_extensions(builder, &extensions);
        match (content_type, bytes) {
            (Some(content_type), bytes) => {
                builder.data(content_type, bytes.unwrap_or_default()).build().unwrap()
            }
            (None, Some(bytes)) => through_binary_mode(&builder.build().unwrap(), &bytes),
            (None, None) => builder.build().unwrap(),
        }
    })
}

fn through_binary_mode(envelope: &Envelope, payload: &Bytes) -> Envelope {
    let headers: Vec<_> = envelope.headers().collect();
    Envelope::from_message(headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref())), payload)
        .unwrap()
}

fn through_structured_mode(envelope: &Envelope) -> Envelope {
    Envelope::from_message(
        [("Content-Type", Envelope::JSON_CONTENT_TYPE)],
        &envelope.to_json().unwrap().into(),
    )
    .unwrap()
}

/// The same event with the values of its extensions as text.
fn with_text_values(envelope: &Envelope) -> Vec<(&str, AttributeValue)> {
    envelope.extensions().map(|(name, value)| (name, AttributeValue::Text(value.to_string()))).collect()
}

/// Everything but the extensions.
fn core(envelope: &Envelope) -> impl PartialEq + std::fmt::Debug + '_ {
    (
        (envelope.id(), envelope.source(), envelope.type_name(), envelope.subject(), envelope.time()),
        (envelope.data_content_type(), envelope.data_schema(), envelope.data_bytes()),
    )
}

fn as_json(envelope: &Envelope) -> serde_json::Value {
    serde_json::from_slice(envelope.data()).unwrap()
}

proptest! {
    #[test]
    fn any_event_survives_structured_mode(envelope in envelope()) {
        prop_assert_eq!(through_structured_mode(&envelope), envelope);
    }

    #[test]
    fn any_event_survives_binary_mode_with_integers_and_booleans_as_text(envelope in envelope()) {
        let read = through_binary_mode(&envelope, &envelope.data_bytes().cloned().unwrap_or_default());
        prop_assert_eq!(core(&read), core(&envelope));
        let extensions: Vec<_> = read.extensions().map(|(name, value)| (name, value.clone())).collect();
        prop_assert_eq!(extensions, with_text_values(&envelope));
        prop_assert_eq!(read.fingerprint(), envelope.fingerprint());
    }

    #[test]
    fn every_header_is_printable_ascii_without_spaces_quotes_or_bare_percent_signs(envelope in envelope()) {
        for (name, value) in envelope.headers() {
            prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(value.bytes().all(|b| b.is_ascii_graphic() && b != b'"'), "{}", value);
            for (at, _) in value.match_indices('%') {
                prop_assert!(value[at + 1..at + 3].bytes().all(|b| b.is_ascii_hexdigit()), "{}", value);
            }
        }
    }

    #[test]
    fn the_bytes_are_the_same_whatever_the_order_in_which_extensions_were_added(
        builder in attributes(),
        extensions in extensions(),
        swaps in vec((any::<Index>(), any::<Index>()), 0..6),
    ) {
        let mut shuffled = extensions.clone();
        for (one, other) in swaps.iter().filter(|_| !extensions.is_empty()) {
            shuffled.swap(one.index(extensions.len()), other.index(extensions.len()));
        }
        let one = with_extensions(builder.clone(), &extensions).build().unwrap();
        let other = with_extensions(builder, &shuffled).build().unwrap();
        prop_assert_eq!(one.to_json().unwrap(), other.to_json().unwrap());
        prop_assert!(one.headers().eq(other.headers()));
    }

    #[test]
    fn an_event_with_json_survives_the_sdk(builder in attributes(), extensions in extensions(), json in json()) {
        let envelope = with_extensions(builder, &extensions).data("application/json", json).build().unwrap();
        let event = cloudevents::Event::try_from(&envelope).unwrap();
        prop_assert!(matches!(event.data(), Some(cloudevents::Data::Json(_))));
        let read = Envelope::try_from(&event).unwrap();
        // The SDK parses the data, so their meaning survives and their bytes may not.
        prop_assert_eq!(as_json(&read), as_json(&envelope));
        prop_assert_eq!(read.extensions().collect::<Vec<_>>(), envelope.extensions().collect::<Vec<_>>());
        prop_assert_eq!((read.id(), read.source(), read.subject()), (envelope.id(), envelope.source(), envelope.subject()));
        prop_assert_eq!((read.time(), read.data_schema()), (envelope.time(), envelope.data_schema()));
    }

    #[test]
    fn an_event_with_text_survives_the_sdk(builder in attributes(), text in TEXT) {
        let envelope = builder.data("text/plain", text.clone()).build().unwrap();
        let event = cloudevents::Event::try_from(&envelope).unwrap();
        prop_assert_eq!(event.data(), Some(&cloudevents::Data::String(text)));
        prop_assert_eq!(Envelope::try_from(&event).unwrap(), envelope);
    }

    #[test]
    fn an_event_with_bytes_survives_the_sdk(builder in attributes(), bytes in vec(any::<u8>(), 1..24)) {
        let envelope = builder.data("application/octet-stream", bytes.clone()).build().unwrap();
        let event = cloudevents::Event::try_from(&envelope).unwrap();
        prop_assert_eq!(event.data(), Some(&cloudevents::Data::Binary(bytes)));
        prop_assert_eq!(Envelope::try_from(&event).unwrap(), envelope);
    }

    #[test]
    fn nothing_that_arrives_makes_a_reader_panic(
        headers in vec(("(?i)(ce-)?(id|source|time|type|specversion|subject|content-type|\\PC{0,4})", "\\PC{0,8}|%[0-9a-f]{2}"), 0..8),
        payload in vec(any::<u8>(), 0..32),
    ) {
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let _ = Envelope::from_message(headers, &payload.clone().into());
        let _ = Envelope::from_json(&payload.into());
    }
}

#[test]
fn what_the_sdk_accepts_and_cloudevents_does_not_is_refused() {
    use cloudevents::EventBuilder as _;

    let event = |id: &str| cloudevents::EventBuilderV10::new().id(id).source("/till").ty("org.example.paid");
    let cases = [
        (event(""), "attribute `id`: must not be empty"),
        (
            event("1").extension("big", 3_000_000_000_i64),
            "attribute `big`: must be a string, a boolean, or a 32-bit integer",
        ),
        (event("1").subject(""), "attribute `subject`: must not be empty"),
    ];
    for (event, expected) in cases {
        assert_eq!(Envelope::try_from(&event.build().unwrap()).unwrap_err().to_string(), expected);
    }

    let old =
        cloudevents::EventBuilderV03::new().id("1").source("/till").ty("org.example.paid").build().unwrap();
    let error = Envelope::try_from(&old).unwrap_err();
    assert_eq!(error.to_string(), "attribute `specversion`: \"0.3\" is not supported; use \"1.0\"");
}
