//! From records to events in a log.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::sync::Arc;

use flight_events::FlightEvent;
use flight_ops::{BUILT_IN, FlightFeed};
use headwater_event::EventSet as _;
use headwater_log::{EmbeddedLog, Log};
use headwater_publisher::records::RecordSource;
use headwater_publisher::{FeedSummary, Rate, publish};
use tokio_util::sync::CancellationToken;

/// The first hundred flights of the week: the cancelled ones are at the end of the day.
fn a_hundred_flights() -> RecordSource {
    let (_, week) = BUILT_IN[0];
    let lines: Vec<&[u8]> = week.split_inclusive(|byte| *byte == b'\n').take(101).collect();
    let mut files = BUILT_IN.to_vec();
    files[0] = ("flights.csv", lines.concat().leak());
    RecordSource::built_in(files.leak())
}

async fn publish_all(log: &Log) -> FeedSummary {
    let feed = FlightFeed::open(&a_hundred_flights()).unwrap();
    let stop = CancellationToken::new();
    publish(feed, log.clone(), Rate::new(None), stop, |_| {}).await.unwrap().summary
}

#[tokio::test]
async fn a_second_run_over_the_same_records_publishes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log: Log = Arc::new(EmbeddedLog::open(directory.path()).unwrap());

    let first = publish_all(&log).await;
    assert_eq!(first, FeedSummary { published: 300, repeated: 0, rejected: 0 });

    let second = publish_all(&log).await;
    assert_eq!(second.published, 0);
    assert_eq!(log.info(&"flights".parse().unwrap()).await.unwrap().last, 300);
}

#[tokio::test]
async fn events_are_stored_in_the_order_of_their_time() {
    let directory = tempfile::tempdir().unwrap();
    let log: Log = Arc::new(EmbeddedLog::open(directory.path()).unwrap());
    publish_all(&log).await;

    let stored = log.read(&"flights".parse().unwrap(), 1, 1_000).await.unwrap();
    assert_eq!(stored.len(), 300);
    assert!(stored.is_sorted_by_key(|event| event.envelope.time()));
    let first = &stored[0].envelope;
    let event = FlightEvent::decode(first.event_type().unwrap(), first.data()).unwrap();
    assert!(matches!(event, Some(FlightEvent::Scheduled(_))), "{event:?}");
}
