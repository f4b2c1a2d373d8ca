//! The NATS protocol binding: attributes in headers, and how both content modes are told apart.

use bytes::Bytes;
use headwater_event::{AttributeValue, Envelope, EnvelopeBuilder, EnvelopeError};

fn minimal() -> EnvelopeBuilder {
    Envelope::builder("1", "/till", "org.example.paid")
}

/// Reads a message with the required attributes, and `headers` in addition.
fn read(headers: &[(&str, &str)], payload: &'static str) -> Result<Envelope, EnvelopeError> {
    let required =
        [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/till"), ("ce-type", "org.example.paid")];
    let headers = required.iter().chain(headers).copied();
    Envelope::from_message(headers, &Bytes::from(payload))
}

#[test]
fn writes_every_attribute_as_a_lower_case_header_in_a_fixed_order() {
    let envelope = minimal()
        .extension("zone", "EU")
        .extension("attempt", 2)
        .extension("test", true)
        .json("{}", "urn:example:paid")
        .time("2013-01-01T10:15:00Z".parse().unwrap())
        .subject("7")
        .build()
        .unwrap();
    let headers: Vec<(String, String)> =
        envelope.headers().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let expected = [
        ("ce-specversion", "1.0"),
        ("ce-id", "1"),
        ("ce-source", "/till"),
        ("ce-type", "org.example.paid"),
        ("ce-subject", "7"),
        ("ce-time", "2013-01-01T10:15:00Z"),
        ("ce-datacontenttype", "application/json"),
        ("ce-dataschema", "urn:example:paid"),
        ("ce-attempt", "2"),
        ("ce-test", "true"),
        ("ce-zone", "EU"),
    ];
    assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn encodes_exactly_what_a_header_can_not_hold() {
    let cases = [
        ("plain!#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~", "plain!#$&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"),
        ("a b", "a%20b"),
        ("say \"hi\"", "say%20%22hi%22"),
        ("100%", "100%25"),
        ("%20", "%2520"),
        ("Zürich", "Z%C3%BCrich"),
        ("Euro €", "Euro%20%E2%82%AC"),
        ("😀", "%F0%9F%98%80"),
    ];
    for (value, expected) in cases {
        let envelope = minimal().subject(value).build().unwrap();
        let (_, header) = envelope.headers().find(|(name, _)| name == "ce-subject").unwrap();
        assert_eq!(header, expected);
        assert_eq!(read(&[("ce-subject", &header)], "").unwrap().subject(), Some(value));
    }
}

#[test]
fn decodes_exactly_once_after_unquoting() {
    let cases = [
        ("plain", "plain"),
        ("a%20b", "a b"),
        ("%2520", "%20"),
        ("Z%c3%bcrich", "Zürich"),
        ("Z%C3%bCrich", "Zürich"),
        ("Zürich", "Zürich"),
        ("\"quoted text\"", "quoted text"),
        (r#""say \"hi\" \\ bye""#, r#"say "hi" \ bye"#),
        (r#""a%20b""#, "a b"),
        // What the decoding yields is not unquoted again.
        ("%22quoted%22", "\"quoted\""),
        // No escape sequence, so nothing to decode.
        ("100%", "100%"),
        ("%zz", "%zz"),
        ("a\"b", "a\"b"),
    ];
    for (header, expected) in cases {
        assert_eq!(read(&[("ce-subject", header)], "").unwrap().subject(), Some(expected), "{header}");
    }
}

#[test]
fn refuses_invalid_messages_and_says_which_attribute_breaks_which_rule() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("ce-subject", "%ff")], "attribute `subject`: the header \"%ff\" is not percent-encoded UTF-8"),
        (
            &[("ce-subject", "%ed%a0%80")],
            "attribute `subject`: the header \"%ed%a0%80\" is not percent-encoded UTF-8",
        ),
        (&[("ce-subject", "a%0Ab")], r"attribute `subject`: must not hold the character '\n'"),
        (&[("ce-subject", "")], "attribute `subject`: must not be empty"),
        (&[("ce-subject", "\"\"")], "attribute `subject`: must not be empty"),
        (
            &[("ce-time", "lunchtime")],
            "attribute `time`: \"lunchtime\" is not an RFC 3339 time like `2013-01-01T10:15:00Z`",
        ),
        (
            &[("ce-datacontenttype", "json")],
            "attribute `datacontenttype`: \"json\" is not a media type like `application/json`",
        ),
        (
            &[("content-type", "json")],
            "attribute `datacontenttype`: \"json\" is not a media type like `application/json`",
        ),
        (&[("ce-dataschema", "paid")], "attribute `dataschema`: \"paid\" is not an absolute URI"),
        (
            &[("ce-my-extension", "bad")],
            "attribute `my-extension`: the name must be lower-case letters and digits only",
        ),
        (&[("ce-", "bad")], "attribute ``: the name must be lower-case letters and digits only"),
        (&[("ce-data", "bad")], "attribute `data`: is no extension; the name is reserved"),
        (&[("ce-id", "1")], "attribute `id`: is given twice"),
        (&[("CE-ID", "1")], "attribute `id`: is given twice"),
        (&[("ce-subject", "a"), ("Ce-Subject", "b")], "attribute `subject`: is given twice"),
        (
            &[("ce-time", "2013-01-01T00:00:00Z"), ("ce-time", "2013-01-01T00:00:00Z")],
            "attribute `time`: is given twice",
        ),
        (&[("ce-zone", "a"), ("ce-Zone", "b")], "attribute `zone`: is given twice"),
        (
            &[("content-type", "text/plain"), ("Content-Type", "application/cloudevents+json")],
            "attribute `content-type`: is given twice",
        ),
    ];
    for (headers, expected) in cases {
        let error = read(headers, "").expect_err(expected);
        assert_eq!(error.to_string(), *expected, "{headers:?}");
    }
}

#[test]
fn refuses_a_message_without_a_required_attribute() {
    let required =
        [("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/till"), ("ce-type", "org.example.paid")];
    for missing in 0..required.len() {
        let headers = required.iter().enumerate().filter(|(index, _)| *index != missing).map(|(_, h)| *h);
        let error = Envelope::from_message(headers, &Bytes::new()).unwrap_err();
        let name = required[missing].0.trim_start_matches("ce-");
        assert_eq!(error.to_string(), format!("attribute `{name}`: is required and missing"));
    }
    let unknown = [("ce-specversion", "0.3")];
    let error = Envelope::from_message(unknown, &Bytes::new()).unwrap_err();
    assert_eq!(error.to_string(), "attribute `specversion`: \"0.3\" is not supported; use \"1.0\"");
}

#[test]
fn header_names_count_in_any_case_and_other_headers_not_at_all() {
    let headers = [
        ("CE-SpecVersion", "1.0"),
        ("Ce-Id", "1"),
        ("cE-SOURCE", "/till"),
        ("CE-TYPE", "org.example.paid"),
        ("CE-Zone", "EU"),
        ("Nats-Msg-Id", "something"),
        ("cé", "shorter than a prefix, and not ASCII"),
        ("ce_subject", "no hyphen"),
    ];
    let envelope = Envelope::from_message(headers, &Bytes::new()).unwrap();
    assert_eq!(envelope, minimal().extension("zone", "EU").build().unwrap());
}

#[test]
fn integers_and_booleans_come_back_as_text() {
    let envelope = minimal().extension("attempt", 2).extension("test", true).build().unwrap();
    let headers: Vec<_> = envelope.headers().collect();
    let headers = headers.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
    let read = Envelope::from_message(headers, &Bytes::new()).unwrap();
    assert_eq!(read.extension("attempt"), Some(&AttributeValue::from("2")));
    assert_eq!(read.extension("test"), Some(&AttributeValue::from("true")));
}

#[test]
fn the_content_type_alone_decides_on_the_mode() {
    let json = Bytes::from(minimal().subject("from the payload").build().unwrap().to_json().unwrap());
    let cases = [
        ("application/cloudevents+json", true),
        ("Application/CloudEvents+json; charset=utf-8", true),
        ("APPLICATION/CLOUDEVENTS", true),
        ("application/json", false),
        ("application/cloudevent+json", false),
        ("text/plain; note=application/cloudevents", false),
    ];
    for (content_type, structured) in cases {
        let headers = [
            ("ce-specversion", "1.0"),
            ("ce-id", "1"),
            ("ce-source", "/till"),
            ("Content-Type", content_type),
            ("ce-type", "org.example.paid"),
        ];
        let envelope = Envelope::from_message(headers, &json).unwrap();
        let expected = structured.then_some("from the payload");
        assert_eq!(envelope.subject(), expected, "{content_type}");
    }
}

#[test]
fn headers_beside_a_structured_event_change_nothing_even_when_they_are_wrong() {
    let expected = minimal().build().unwrap();
    let json = Bytes::from(expected.to_json().unwrap());
    for header in [("ce-id", "2"), ("ce-subject", "%ff"), ("ce-time", "lunchtime"), ("ce-my-own", "x")] {
        let headers = [header, header, ("content-type", "application/cloudevents+json")];
        assert_eq!(Envelope::from_message(headers, &json).unwrap(), expected, "{header:?}");
    }
}

#[test]
fn the_type_of_the_data_is_in_its_own_header_or_else_in_content_type() {
    let of = |headers: &[(&str, &str)]| {
        read(headers, "x").unwrap().data_content_type().map(str::to_owned).unwrap_or_default()
    };
    assert_eq!(of(&[]), "");
    assert_eq!(of(&[("ce-datacontenttype", "text/plain;%20charset=utf-8")]), "text/plain; charset=utf-8");
    assert_eq!(of(&[("content-type", "text/plain; charset=utf-8")]), "text/plain; charset=utf-8");
    assert_eq!(of(&[("content-type", "text/csv"), ("ce-datacontenttype", "text/plain")]), "text/plain");
    assert_eq!(of(&[("ce-datacontenttype", "text/plain"), ("content-type", "text/csv")]), "text/plain");
}

#[test]
fn an_empty_payload_means_no_data() {
    assert_eq!(read(&[], "").unwrap().data_bytes(), None);
    assert_eq!(read(&[], "null").unwrap().data(), b"null");
    assert_eq!(minimal().data("text/plain", "").build().unwrap().data_bytes(), None);
}
