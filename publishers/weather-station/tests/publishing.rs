//! From records to events in a log.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::sync::Arc;
use std::time::Duration;

use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{EmbeddedLog, JetStreamConfig, JetStreamLog, Log};
use headwater_publisher::{FeedSummary, Rate, publish};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use weather_station::{WeatherFeed, record_source};

/// The observations of the week that is built in.
const WEEK: u64 = 498;

/// Publishes the week; or what there is time for, until so many observations are answered.
async fn run(log: &Log, until: u64) -> FeedSummary {
    let feed = WeatherFeed::open(&record_source(None)).unwrap();
    let stop = CancellationToken::new();
    let progress = |summary: FeedSummary| {
        if summary.published >= until {
            stop.cancel();
        }
    };
    publish(feed, log.clone(), Rate::new(None), stop.clone(), progress).await.unwrap().summary
}

async fn last(log: &Log) -> u64 {
    log.info(&"weather".parse().unwrap()).await.unwrap().last
}

const ALL_NEW: FeedSummary = FeedSummary { published: WEEK, repeated: 0, rejected: 0 };
const ALL_KNOWN: FeedSummary = FeedSummary { published: 0, repeated: WEEK, rejected: 0 };

#[tokio::test]
async fn a_second_run_over_the_same_records_publishes_nothing_and_refuses_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let log: Log = Arc::new(EmbeddedLog::open(directory.path()).unwrap());
    assert_eq!(run(&log, WEEK).await, ALL_NEW);
    assert_eq!(run(&log, WEEK).await, ALL_KNOWN);
    assert_eq!(last(&log).await, WEEK);
}

#[tokio::test]
async fn also_when_the_broker_no_longer_recognises_the_events() {
    let server = Server::start().await.unwrap();
    let client = Connection::to(&server.url()).unwrap().connect("weather-station-tests").await.unwrap();
    let duplicate_window = Duration::from_millis(100);
    let config = JetStreamConfig { duplicate_window, ..JetStreamConfig::default() };
    let log: Log = Arc::new(JetStreamLog::new(client, config));
    assert_eq!(run(&log, WEEK).await, ALL_NEW);
    assert_eq!(run(&log, WEEK).await, ALL_KNOWN);
    // Whether the window is really over makes no difference, or else this test fails.
    sleep(duplicate_window * 3).await;
    assert_eq!(run(&log, WEEK).await, ALL_KNOWN);
    assert_eq!(last(&log).await, WEEK);
}

#[tokio::test]
async fn a_run_that_was_stopped_is_gone_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let log: Log = Arc::new(EmbeddedLog::open(directory.path()).unwrap());
    let first = run(&log, WEEK / 3).await;
    assert_eq!(first.published, last(&log).await);
    assert!((WEEK / 3..WEEK / 2).contains(&first.published), "{first:?}");
    let FeedSummary { published, repeated, rejected } = run(&log, WEEK).await;
    assert_eq!((published, repeated, rejected), (WEEK - first.published, first.published, 0));
    assert_eq!(last(&log).await, WEEK);
}
