//! The cases of the official CloudEvents conformance suite for the JSON format.

use headwater_event::Envelope;

use crate::{assert_accepted, assert_refused, at, event, minimal, read};

#[test]
fn accepts_what_the_official_cases_call_valid() {
    assert_accepted([
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
    ]);
}

#[test]
fn refuses_what_the_official_cases_call_invalid() {
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
