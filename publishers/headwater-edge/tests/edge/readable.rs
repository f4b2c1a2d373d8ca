//! What gets in can be read: a Rust reader that can't decode an event would halt at it.

use flight_events::FlightDeparted;
use headwater_event::Event as _;

use super::bed::{Bed, FLIGHT, departed};

const DELAYS: [&str; 13] = [
    "2",
    "-0",
    "0",
    "-2147483648",
    "2147483647",
    "2147483648",
    "5.0",
    "5e0",
    "1E3",
    "\"2\"",
    "null",
    "true",
    "18446744073709551616",
];

const TIMES: [&str; 16] = [
    "2013-01-01T10:17:00Z",
    "2013-01-01t10:17:00z",
    "2013-01-01T10:17:00.123456789123Z",
    "2013-01-01T10:17:00+05:30",
    "2013-01-01T10:17:00-00:00",
    "2013-01-01T10:17:00+24:00",
    "2013-01-01T10:17:00+23:59",
    "2016-12-31T23:59:60Z",
    "2013-01-01T10:17:60Z",
    "2013-02-29T10:17:00Z",
    "2013-01-01 10:17:00Z",
    "2013-01-01T10:17Z",
    "2013-01-01T10:17:00",
    "0000-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59Z",
    "9999-12-31T23:59:59-23:59",
];

#[tokio::test]
async fn whatever_gets_in_is_decoded_by_its_readers() {
    let bed = Bed::start().await;
    let event = departed("1", FLIGHT);
    let cases = DELAYS.iter().map(|delay| (*delay, TIMES[0])).chain(TIMES.iter().map(|time| ("2", *time)));
    let mut id = 0;
    for (delay, time) in cases {
        id += 1;
        let data = format!(r#"{{"flight":"{FLIGHT}","departed_at":"{time}","delay_minutes":{delay}}}"#);
        let event = event.to_string().replace(&event["data"].to_string(), &data);
        let event = event.replace(r#""id":"1""#, &format!(r#""id":"{id}""#));
        let answer = bed.post(&[("content-type", "application/cloudevents+json")], event).await;
        if !answer.status.is_success() {
            answer.is_problem("schema-violation");
        }
    }
    let stored = bed.events_of(FLIGHT).await;
    assert!(stored.len() >= 8, "most valid ones are refused: {}", stored.len());
    for event in stored {
        let data = String::from_utf8_lossy(event.data()).into_owned();
        FlightDeparted::decode(2, event.data()).unwrap_or_else(|error| panic!("{data}: {error:?}"));
    }
}
