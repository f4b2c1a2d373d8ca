//! A log is written down, and is there again.

use futures::StreamExt as _;
use headwater_event::{Aggregate, Envelope, EventFilter};
use headwater_log::{Append, AppendError, EventLog as _, MemoryLog, Recording, StoredEvent};

use crate::bed::{append, event, log, order, orders};

/// Orders 7 and 8, by turns, and an item of another domain.
async fn recorded() -> MemoryLog {
    let log = log().await;
    let item = Aggregate::new("stock".parse().unwrap(), "item", "a b").unwrap();
    log.open(item.domain()).await.unwrap();
    for (aggregate, expected, command) in
        [(order("7"), 0, "c1"), (order("8"), 0, "c2"), (order("7"), 1, "c3"), (item, 0, "c4")]
    {
        log.append(append(&aggregate, expected, command)).await.unwrap();
    }
    log
}

#[tokio::test]
async fn a_recording_has_an_event_on_each_line_with_its_sequence_domain_by_domain() {
    let recording = recorded().await.recording();
    insta::assert_snapshot!(recording, @r#"
    {"streamsequence":"1","specversion":"1.0","id":"c1/0","source":"/till","type":"org.example.orders.order.paid.v1","subject":"7","time":"2013-01-01T10:00:00Z","datacontenttype":"application/json","dataschema":"urn:headwater:schema:paid","data":{"cents":300}}
    {"streamsequence":"2","specversion":"1.0","id":"c2/0","source":"/till","type":"org.example.orders.order.paid.v1","subject":"8","time":"2013-01-01T10:00:00Z","datacontenttype":"application/json","dataschema":"urn:headwater:schema:paid","data":{"cents":300}}
    {"streamsequence":"3","specversion":"1.0","id":"c3/0","source":"/till","type":"org.example.orders.order.paid.v1","subject":"7","time":"2013-01-01T10:00:00Z","datacontenttype":"application/json","dataschema":"urn:headwater:schema:paid","data":{"cents":300}}
    {"streamsequence":"1","specversion":"1.0","id":"c4/0","source":"/till","type":"org.example.stock.item.paid.v1","subject":"a b","time":"2013-01-01T10:00:00Z","datacontenttype":"application/json","dataschema":"urn:headwater:schema:paid","data":{"cents":300}}
    "#);
}

#[tokio::test]
async fn a_log_made_of_a_recording_holds_what_was_recorded_and_goes_on() {
    let recorded = recorded().await;
    let text = recorded.recording().to_string();
    let log = MemoryLog::from_recording(&text.parse().unwrap());
    assert_eq!(log.recording().to_string(), text);
    assert_eq!(
        MemoryLog::from_recording(&recorded.recording()).stored(&orders()),
        recorded.stored(&orders())
    );

    // What was stored before is known, and what expects an old version meets a conflict.
    assert!(log.append(append(&order("7"), 1, "c3")).await.unwrap().duplicate);
    assert!(matches!(
        log.append(append(&order("7"), 1, "c5")).await,
        Err(AppendError::Conflict { actual: 3, .. })
    ));
    assert_eq!(log.append(append(&order("7"), 3, "c5")).await.unwrap().last, 4);
}

#[tokio::test]
async fn the_recording_of_one_aggregate_keeps_its_sequences() {
    let recording = recorded().await.recording().of_aggregate(&order("7"));
    assert_eq!(recording.aggregates(), [&order("7")]);
    let log = MemoryLog::from_recording(&recording.to_string().parse().unwrap());
    let sequences = |events: &[StoredEvent]| events.iter().map(|event| event.sequence).collect::<Vec<_>>();
    assert_eq!(sequences(&log.stored(&orders())), [1, 3]);
    assert_eq!(sequences(&log.read(&orders(), 2, 10).await.unwrap()), [3]);
    assert_eq!(sequences(&log.load(&order("7"), 3).await.unwrap()), [1, 3]);
    assert_eq!(log.info(&orders()).await.unwrap().last, 3);

    let mut follow = log.follow(EventFilter::all(orders()), None).await.unwrap();
    let second = follow.by_ref().skip(1).next().await.unwrap().unwrap();
    let mut resumed = log.follow(EventFilter::all(orders()), Some(follow.checkpoint(&second))).await.unwrap();
    assert_eq!(log.append(append(&order("7"), 3, "c5")).await.unwrap().last, 4);
    assert_eq!(resumed.next().await.unwrap().unwrap().sequence, 4);
}

#[tokio::test]
async fn what_was_read_from_any_log_can_be_recorded() {
    let log = recorded().await;
    let history = log.load(&order("7"), 0).await.unwrap();
    let recording = Recording::of(history.clone()).unwrap();
    assert_eq!(recording, log.recording().of_aggregate(&order("7")));
    let error = Recording::of(history.into_iter().rev()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 2: `streamsequence` is 1 and follows 3; sequences of a domain rise from line to line"
    );
}

#[tokio::test]
async fn whatever_an_event_may_hold_survives_its_line() {
    let log = log().await;
    let plain = event(&order("7"), "c1", "placed");
    let begin = |id: &str| Envelope::builder(id, "/till", plain.type_name()).subject("7");
    let events = vec![
        begin("data with line breaks").json("{\n  \"text\": \"a\\nb\",\r\n  \"big\": 1e400\n}", "urn:x"),
        begin("binary").data("application/octet-stream", vec![0, 10, 255]),
        begin("text").data("text/plain", "line\nbreak"),
        begin("nothing"),
        begin("attributes").extension("sequence", 5).extension("note", "ü \"\\ {").extension("b", true),
    ];
    let events = events.into_iter().map(|event| event.build().unwrap()).collect();
    log.append(Append { aggregate: order("7"), expected: 0, events }).await.unwrap();
    let text = log.recording().to_string();
    assert_eq!(text.lines().count(), 5);
    let recording: Recording = text.parse().unwrap();
    for (read, stored) in recording.events().zip(log.stored(&orders())).skip(1) {
        assert_eq!(read.envelope, stored.envelope);
    }
    // Line breaks between the tokens of JSON have become spaces.
    let read = recording.events().next().unwrap();
    assert_eq!(read.envelope.data(), b"{   \"text\": \"a\\nb\",    \"big\": 1e400 }");
}
