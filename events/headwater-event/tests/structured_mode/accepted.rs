//! What the specification allows beyond the official cases.

use headwater_event::{AttributeValue, Envelope};

use crate::{assert_accepted, at, event, minimal, read};

#[test]
fn accepts_what_the_specification_allows_beyond_the_official_cases() {
    assert_accepted([
        ("the greatest offset", event(r#","time":"2018-04-06T17:30:00+23:59""#), at("2018-04-05T17:31:00Z")),
        ("a time in lower case", event(r#","time":"2018-04-05t17:31:00z""#), at("2018-04-05T17:31:00Z")),
        (
            "a time with more digits than nanoseconds have",
            event(r#","time":"2018-04-05T17:31:00.1234567891Z""#),
            at("2018-04-05T17:31:00.123456789Z"),
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
    ]);
}

#[test]
fn reads_data_without_a_content_type_as_json() {
    let envelope = read(event(r#","data":{"cents": 300}"#)).unwrap();
    assert_eq!(envelope.data(), br#"{"cents": 300}"#);
    assert_eq!(envelope.data_content_type(), None);
}

#[test]
fn an_integer_and_its_text_are_different_values() {
    let integer = read(event(r#","sequence":10"#)).unwrap();
    let text = read(event(r#","sequence":"10""#)).unwrap();
    assert_eq!(integer.extension("sequence"), Some(&AttributeValue::Integer(10)));
    assert_ne!(integer, text);
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
