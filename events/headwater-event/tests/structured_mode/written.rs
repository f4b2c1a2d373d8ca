//! What is written: always the same bytes for the same event.

use bytes::Bytes;
use headwater_event::Envelope;
use jiff::Timestamp;

use crate::minimal;

#[test]
fn writes_attributes_in_the_order_of_the_specification_then_extensions_by_name_then_data() {
    let envelope = minimal()
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
    let envelope = minimal().data("application/json", "{broken").build().unwrap();
    let json = Bytes::from(envelope.to_json().unwrap());
    assert!(json.ends_with(br#""data_base64":"e2Jyb2tlbg=="}"#), "{json:?}");
    assert_eq!(Envelope::from_json(&json).unwrap(), envelope);
}
