//! The rules of the JSON event format: those of the official conformance cases, and ours.

use std::error::Error;

use bytes::Bytes;
use headwater_event::{AttributeValue, Envelope, EnvelopeError};
use jiff::Timestamp;

fn read(document: impl Into<String>) -> Result<Envelope, EnvelopeError> {
    Envelope::from_json(&Bytes::from(document.into()))
}

/// The smallest valid event, and `members` (each with its comma before it) in addition.
fn event(members: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"1","source":"/till","type":"org.example.paid"{members}}}"#)
}

/// What an operator reads: the error and the errors behind it.
fn explain(error: &dyn Error) -> String {
    let source = error.source().map(|source| format!(": {}", explain(source)));
    format!("{error}{}", source.unwrap_or_default())
}

/// Checks a whole table, so that one run shows every row that is wrong.
fn assert_refused(cases: &[(&str, String, &str)]) {
    let mut wrong = String::new();
    for (case, document, expected) in cases {
        let message = match read(document.as_str()) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => explain(&error),
        };
        if message != *expected {
            wrong.push_str(&format!("{case}\n  expected: {expected}\n  was:      {message}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn refuses_what_the_official_conformance_cases_call_invalid() {
    const TIME: &str = "is not an RFC 3339 time like `2013-01-01T10:15:00Z`";
    let time = |text: &str| event(&format!(r#","time":"{text}""#));
    let time_error = |text: &str| format!("attribute `time`: {text:?} {TIME}");
    let times = ["lunchtime", "2018-04-05T18:31Z", "2018-04-05T18:31:00X", "2018-04-05T18:31:00+25:00"]
        .into_iter()
        .chain(["2018-04-05T18:31:00+xx:00", "2018-04-05T18:31:00+05"]);
    for text in times {
        let message = read(time(text)).map_err(|error| error.to_string());
        assert_eq!(message, Err(time_error(text)));
    }

    assert_refused(&[
        (
            "no specversion",
            r#"{"id":"1","source":"/till","type":"org.example.paid"}"#.to_owned(),
            "attribute `specversion`: is required and missing",
        ),
        (
            "no id",
            r#"{"specversion":"1.0","source":"/till","type":"org.example.paid"}"#.to_owned(),
            "attribute `id`: is required and missing",
        ),
        (
            "no type",
            r#"{"specversion":"1.0","id":"1","source":"/till"}"#.to_owned(),
            "attribute `type`: is required and missing",
        ),
        (
            "no source",
            r#"{"specversion":"1.0","id":"1","type":"org.example.paid"}"#.to_owned(),
            "attribute `source`: is required and missing",
        ),
        (
            "empty specversion",
            r#"{"specversion":"","id":"1","source":"/till","type":"org.example.paid"}"#.to_owned(),
            "attribute `specversion`: \"\" is not supported; use \"1.0\"",
        ),
        (
            "unknown specversion",
            r#"{"specversion":"0.9","id":"1","source":"/till","type":"org.example.paid"}"#.to_owned(),
            "attribute `specversion`: \"0.9\" is not supported; use \"1.0\"",
        ),
        (
            "empty id",
            r#"{"specversion":"1.0","id":"","source":"/till","type":"org.example.paid"}"#.to_owned(),
            "attribute `id`: must not be empty",
        ),
        (
            "numeric id",
            r#"{"specversion":"1.0","id":25,"source":"/till","type":"org.example.paid"}"#.to_owned(),
            "attribute `id`: must be a string",
        ),
        (
            "object id",
            r#"{"specversion":"1.0","id":{"xyz":"abc"},"source":"/till","type":"org.example.paid"}"#
                .to_owned(),
            "attribute `id`: must be a string",
        ),
        (
            "empty type",
            r#"{"specversion":"1.0","id":"1","source":"/till","type":""}"#.to_owned(),
            "attribute `type`: must not be empty",
        ),
        (
            "empty source",
            r#"{"specversion":"1.0","id":"1","source":"","type":"org.example.paid"}"#.to_owned(),
            "attribute `source`: must not be empty",
        ),
        ("empty subject", event(r#","subject":"""#), "attribute `subject`: must not be empty"),
        (
            "empty datacontenttype",
            event(r#","datacontenttype":"""#),
            "attribute `datacontenttype`: must not be empty",
        ),
        ("empty dataschema", event(r#","dataschema":"""#), "attribute `dataschema`: must not be empty"),
        (
            "datacontenttype that is no media type",
            event(r#","datacontenttype":"xyz""#),
            "attribute `datacontenttype`: \"xyz\" is not a media type like `application/json`",
        ),
        (
            "datacontenttype with half a parameter",
            event(r#","datacontenttype":"text/plain; charset""#),
            "attribute `datacontenttype`: \"text/plain; charset\" is not a media type like `application/json`",
        ),
        (
            "capitalised extension",
            event(r#","MyExtension":"bad""#),
            "attribute `MyExtension`: the name must be lower-case letters and digits only",
        ),
        (
            "punctuated extension",
            event(r#","my.extension":"bad""#),
            "attribute `my.extension`: the name must be lower-case letters and digits only",
        ),
        (
            "extension that is no integer",
            event(r#","myextension":1.5"#),
            "attribute `myextension`: must be a string, a boolean, or a 32-bit integer",
        ),
        (
            "data and data_base64",
            event(r#","data":"text","data_base64":"eyAieHl6IjogMTIzIH0=""#),
            "both `data` and `data_base64` are given; an event has one payload",
        ),
    ]);
}

#[test]
fn refuses_what_the_specification_rules_out_beyond_the_official_cases() {
    const VALUE: &str = "must be a string, a boolean, or a 32-bit integer";
    let extension_error = format!("attribute `sequence`: {VALUE}");
    assert_refused(&[
        (
            "a required attribute that is null",
            event(r#","id":null"#).replacen(r#""id":"1","#, "", 1),
            "attribute `id`: is required and missing",
        ),
        ("a required attribute given twice", event(r#","id":"2""#), "attribute `id`: is given twice"),
        (
            "the same attribute twice, once escaped",
            event(r#","i\u0064":"2""#),
            "attribute `id`: is given twice",
        ),
        (
            "an optional attribute given twice",
            event(r#","subject":"a","subject":"a""#),
            "attribute `subject`: is given twice",
        ),
        (
            "a time given twice",
            event(r#","time":"2013-01-01T00:00:00Z","time":"2013-01-01T00:00:00Z""#),
            "attribute `time`: is given twice",
        ),
        (
            "an extension given twice",
            event(r#","sequence":1,"sequence":2"#),
            "attribute `sequence`: is given twice",
        ),
        ("data given twice", event(r#","data":1,"data":1"#), "attribute `data`: is given twice"),
        (
            "data_base64 given twice",
            event(r#","data_base64":"","data_base64":"""#),
            "attribute `data_base64`: is given twice",
        ),
        ("an integer above 32 bits", event(r#","sequence":2147483648"#), &extension_error),
        ("an integer below 32 bits", event(r#","sequence":-2147483649"#), &extension_error),
        ("an integer with an exponent", event(r#","sequence":1e3"#), &extension_error),
        ("an extension that is an object", event(r#","sequence":{"a":1}"#), &extension_error),
        ("an extension that is an array", event(r#","sequence":[]"#), &extension_error),
        (
            "an extension without a name",
            event(r#","":"bad""#),
            "attribute ``: the name must be lower-case letters and digits only",
        ),
        (
            "an extension with a letter beyond ASCII",
            event(r#","größe":"bad""#),
            "attribute `größe`: the name must be lower-case letters and digits only",
        ),
        (
            "a control character in an attribute",
            event(r#","subject":"a\nb""#),
            r"attribute `subject`: must not hold the character '\n'",
        ),
        (
            "a control character in an extension",
            event(r#","tracestate":"a\u0085b""#),
            r"attribute `tracestate`: must not hold the character '\u{85}'",
        ),
        (
            "a character that is none",
            event(r#","subject":"\uffff""#),
            r"attribute `subject`: must not hold the character '\u{ffff}'",
        ),
        ("half a surrogate pair", event(r#","subject":"\ud800""#), "attribute `subject`: must be a string"),
        (
            "a source with a space",
            event("").replacen("/till", "/my till", 1),
            "attribute `source`: \"/my till\" is not a URI reference; percent-encode it",
        ),
        (
            "a relative dataschema",
            event(r#","dataschema":"/schemas/paid""#),
            "attribute `dataschema`: \"/schemas/paid\" is not an absolute URI",
        ),
        ("a time that is a number", event(r#","time":1357035300"#), "attribute `time`: must be a string"),
        (
            "a day that no month has",
            event(r#","time":"2018-02-30T00:00:00Z""#),
            "attribute `time`: \"2018-02-30T00:00:00Z\" is not an RFC 3339 time like `2013-01-01T10:15:00Z`",
        ),
        (
            "a time before the year 0",
            event(r#","time":"0000-01-01T00:00:00+01:00""#),
            "attribute `time`: must be in the years 0000 to 9999",
        ),
        (
            "Base64 with a foreign character",
            event(r#","data_base64":"@@@@""#),
            "attribute `data_base64`: is not Base64: Invalid symbol 64, offset 0.",
        ),
        (
            "Base64 without its padding",
            event(r#","data_base64":"TWE""#),
            "attribute `data_base64`: is not Base64: Invalid padding",
        ),
        (
            "Base64 that is a number",
            event(r#","data_base64":7"#),
            "attribute `data_base64`: must be a string",
        ),
        (
            "an object as plain text",
            event(r#","datacontenttype":"text/plain","data":{"a":1}"#),
            "the data are not a JSON string, as the content type \"text/plain\" asks for",
        ),
        (
            "an array",
            "[]".to_owned(),
            "the structured event is not valid JSON: invalid type: sequence, expected a CloudEvent as a JSON object at line 1 column 0",
        ),
        (
            "a string",
            "\"event\"".to_owned(),
            "the structured event is not valid JSON: invalid type: string \"event\", expected a CloudEvent as a JSON object at line 1 column 7",
        ),
        (
            "nothing",
            String::new(),
            "the structured event is not valid JSON: EOF while parsing a value at line 1 column 0",
        ),
        (
            "half an event",
            r#"{"id":"1","#.to_owned(),
            "the structured event is not valid JSON: EOF while parsing a value at line 1 column 10",
        ),
        (
            "trailing garbage",
            event("") + "x",
            "the structured event is not valid JSON: trailing characters at line 1 column 74",
        ),
        (
            "a second event behind the first",
            event("") + &event(""),
            "the structured event is not valid JSON: trailing characters at line 1 column 74",
        ),
        (
            "data that are no JSON",
            event(r#","data":{"a":}"#),
            "the structured event is not valid JSON: expected value at line 1 column 86",
        ),
    ]);
}

#[test]
fn accepts_every_valid_document() {
    let minimal = || Envelope::builder("1", "/till", "org.example.paid");
    let at = |time: &str| minimal().time(time.parse().unwrap());
    let cases = [
        ("minimal", event(""), minimal()),
        (
            "nulls for what is optional",
            event(r#","datacontenttype":null,"dataschema":null,"subject":null,"time":null,"sequence":null"#),
            minimal(),
        ),
        (
            "all core attributes, and a content type without data",
            event(
                r#","datacontenttype":"text/plain","dataschema":"https://example.org/paid","subject":"7","time":"2018-04-05T17:31:00Z""#,
            ),
            at("2018-04-05T17:31:00Z")
                .data("text/plain", "")
                .data_schema("https://example.org/paid")
                .subject("7"),
        ),
        ("a time in UTC", event(r#","time":"2018-04-05T17:31:00Z""#), at("2018-04-05T17:31:00Z")),
        (
            "a time to the nanosecond",
            event(r#","time":"2018-04-05T17:31:00.000000000Z""#),
            at("2018-04-05T17:31:00Z"),
        ),
        ("a positive offset", event(r#","time":"2018-04-05T18:31:00+01:00""#), at("2018-04-05T17:31:00Z")),
        ("a negative offset", event(r#","time":"2018-04-05T16:31:00-01:00""#), at("2018-04-05T17:31:00Z")),
        ("the greatest offset", event(r#","time":"2018-04-06T17:30:00+23:59""#), at("2018-04-05T17:31:00Z")),
        ("a time in lower case", event(r#","time":"2018-04-05t17:31:00z""#), at("2018-04-05T17:31:00Z")),
        (
            "a time with more digits than nanoseconds have",
            event(r#","time":"2018-04-05T17:31:00.1234567891Z""#),
            at("2018-04-05T17:31:00.123456789Z"),
        ),
        (
            "a relative source",
            event("").replacen("/till", "#fragment", 1),
            Envelope::builder("1", "#fragment", "org.example.paid"),
        ),
        (
            "text",
            event(r#","datacontenttype":"text/plain","data":"Simple text""#),
            minimal().data("text/plain", "Simple text"),
        ),
        (
            "extensions of every type",
            event(
                r#","extinteger":10,"extboolean":true,"extstring":"text","exturi":"https://example.org","exturiref":"//authority/path","exttimestamp":"2023-03-31T15:12:00Z","extbinary":"TWE=""#,
            ),
            minimal()
                .extension("extinteger", 10)
                .extension("extboolean", true)
                .extension("extstring", "text")
                .extension("exturi", "https://example.org")
                .extension("exturiref", "//authority/path")
                .extension("exttimestamp", "2023-03-31T15:12:00Z")
                .extension("extbinary", "TWE="),
        ),
        (
            "the least and the greatest integer",
            event(r#","least":-2147483648,"greatest":2147483647"#),
            minimal().extension("least", i32::MIN).extension("greatest", i32::MAX),
        ),
        ("an empty extension", event(r#","note":"""#), minimal().extension("note", "")),
        (
            "a content type with a quoted parameter",
            event(r#","datacontenttype":"multipart/mixed; boundary=\"a;b\"""#),
            minimal().data("multipart/mixed; boundary=\"a;b\"", ""),
        ),
        (
            "a content type with a parameter that is a URI",
            event(r#","datacontenttype":"application/json;profile=https://example.org/paid""#),
            minimal().data("application/json;profile=https://example.org/paid", ""),
        ),
        (
            "JSON under a content type of its own, in any case",
            event(r#","datacontenttype":"Application/Vnd.Till+JSON; v=1","data":[1, 2]"#),
            minimal().data("Application/Vnd.Till+JSON; v=1", "[1, 2]"),
        ),
        (
            "a JSON string, quotes included",
            event(r#","datacontenttype":"application/json","data":"text""#),
            minimal().data("application/json", "\"text\""),
        ),
        (
            "Base64",
            event(r#","datacontenttype":"image/png","data_base64":"iVBO""#),
            minimal().data("image/png", b"\x89PN".as_slice()),
        ),
        (
            "JSON null, which is data",
            event(r#","datacontenttype":"application/json","data":null"#),
            minimal().data("application/json", "null"),
        ),
        (
            "null where the data would be text: none",
            event(r#","datacontenttype":"text/plain","data":null"#),
            minimal().data("text/plain", ""),
        ),
        (
            "null beside the member that holds the data",
            event(r#","datacontenttype":"text/plain","data":null,"data_base64":"TWE=""#),
            minimal().data("text/plain", "Ma"),
        ),
        (
            "members in another order, with white space and escapes",
            "\n{ \"type\" : \"org.example.p\\u0061id\", \"s\\u006furce\":\"\\/till\",\n\"specversion\":\"1.0\",\"id\":\"1\" } "
                .to_owned(),
            minimal(),
        ),
    ];
    for (case, document, expected) in cases {
        let envelope = read(document).unwrap_or_else(|error| panic!("{case}: {}", explain(&error)));
        assert_eq!(envelope, expected.build().unwrap(), "{case}");
    }
}

#[test]
fn reads_data_without_a_content_type_as_json() {
    let envelope = read(event(r#","data":{"cents": 300}"#)).unwrap();
    assert_eq!(envelope.data(), br#"{"cents": 300}"#);
    assert_eq!(envelope.data_content_type(), None);
}

#[test]
fn deep_nesting_in_the_data_costs_no_stack() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let envelope = read(event(&format!(r#","data":{deep}"#))).unwrap();
    assert_eq!(envelope.data(), deep.as_bytes());
    let again = Envelope::from_json(&envelope.to_json().unwrap().into()).unwrap();
    assert_eq!(again, envelope);
    // The SDK's type holds parsed data, so it must refuse what would exhaust the stack.
    assert!(cloudevents::Event::try_from(&envelope).is_err());
}

#[test]
fn deep_nesting_in_an_attribute_is_refused() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let error = read(event(&format!(r#","subject":{deep}"#))).unwrap_err();
    assert_eq!(error.to_string(), "attribute `subject`: must be a string");
}

#[test]
fn writes_attributes_in_the_order_of_the_specification_then_extensions_by_name_then_data() {
    let envelope = Envelope::builder("1", "/till", "org.example.paid")
        .extension("zone", "EU")
        .extension("attempt", 2)
        .extension("test", false)
        .json(r#"{"cents":300}"#, "urn:example:paid")
        .time("2013-01-01T10:15:00.5Z".parse::<Timestamp>().unwrap())
        .subject("7")
        .build()
        .unwrap();
    assert_eq!(
        String::from_utf8(envelope.to_json().unwrap()).unwrap(),
        r#"{"specversion":"1.0","id":"1","source":"/till","type":"org.example.paid","subject":"7","time":"2013-01-01T10:15:00.5Z","datacontenttype":"application/json","dataschema":"urn:example:paid","attempt":2,"test":false,"zone":"EU","data":{"cents":300}}"#
    );
}

#[test]
fn data_that_are_no_json_travel_as_base64_whatever_their_content_type_says() {
    let envelope = Envelope::builder("1", "/till", "org.example.paid")
        .data("application/json", "{broken")
        .build()
        .unwrap();
    let json = Bytes::from(envelope.to_json().unwrap());
    assert!(json.ends_with(br#""data_base64":"e2Jyb2tlbg=="}"#), "{json:?}");
    assert_eq!(Envelope::from_json(&json).unwrap(), envelope);
}

#[test]
fn a_builder_checks_the_same_rules() {
    let minimal = || Envelope::builder("1", "/till", "org.example.paid");
    let cases = [
        (Envelope::builder("", "/till", "t"), "attribute `id`: must not be empty"),
        (Envelope::builder("1", "", "t"), "attribute `source`: must not be empty"),
        (Envelope::builder("1", "/till", ""), "attribute `type`: must not be empty"),
        (minimal().subject(""), "attribute `subject`: must not be empty"),
        (minimal().data_schema("paid"), "attribute `dataschema`: \"paid\" is not an absolute URI"),
        (
            minimal().data("json", "{}"),
            "attribute `datacontenttype`: \"json\" is not a media type like `application/json`",
        ),
        (minimal().extension("id", "2"), "attribute `id`: is no extension; the name is reserved"),
        (minimal().extension("data", "2"), "attribute `data`: is no extension; the name is reserved"),
        (
            minimal().extension("my_extension", "2"),
            "attribute `my_extension`: the name must be lower-case letters and digits only",
        ),
        (minimal().extension("note", "a\0"), r"attribute `note`: must not hold the character '\0'"),
        (minimal().time(Timestamp::MIN), "attribute `time`: must be in the years 0000 to 9999"),
    ];
    for (builder, expected) in cases {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
}

#[test]
fn an_integer_and_its_text_are_different_values() {
    let integer = read(event(r#","sequence":10"#)).unwrap();
    let text = read(event(r#","sequence":"10""#)).unwrap();
    assert_eq!(integer.extension("sequence"), Some(&AttributeValue::Integer(10)));
    assert_ne!(integer, text);
}
