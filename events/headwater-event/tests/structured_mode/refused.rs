//! What the specification rules out beyond the official cases.

use headwater_event::Envelope;
use jiff::Timestamp;

use crate::{assert_refused, event, minimal, read};

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
fn deep_nesting_in_an_attribute_is_refused() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let error = read(event(&format!(r#","subject":{deep}"#))).unwrap_err();
    assert_eq!(error.to_string(), "attribute `subject`: must be a string");
}

#[test]
fn a_builder_checks_the_same_rules() {
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
