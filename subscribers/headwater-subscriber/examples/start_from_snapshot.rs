//! How long a new replica takes until it is live, from a snapshot and from the first event:
//! `cargo run --release -p headwater-subscriber --example start_from_snapshot [EVENTS]`.
//!
//! The server is the test kit's own. Each of the events is a reading of one of a twentieth as many meters.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement ends when something is wrong")]
#![allow(clippy::print_stdout, reason = "it says what it has measured")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_event::{Aggregate, CommandContext, Event, JsonSchema};
use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{Append, Bucket, BucketConfig, JetStreamBucket, JetStreamConfig, JetStreamLog, Log};
use headwater_subscriber::{
    Apply, ApplyError, Projection, Projector, ProjectorOptions, Recorded, ReplicaSchedule, Replicas,
    StoreKind, Table, Tx,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "power", aggregate = "reading", name = "taken", version = 1)]
struct ReadingTaken {
    #[event(key)]
    reading: String,
    meter: u64,
    watt_hours: u64,
}

#[derive(Projection)]
#[projection(name = "meters", applies(ReadingTaken))]
struct Meters {
    meters: Table<String, Meter>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Meter {
    readings: u64,
    watt_hours: u64,
}

impl Apply<ReadingTaken> for Meters {
    fn apply(&self, event: &Recorded<'_, ReadingTaken>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.meters.update(tx, &format!("meter {:07}", event.data.meter), |meter| {
            meter.readings += 1;
            meter.watt_hours += event.data.watt_hours;
        })
    }
}

#[tokio::main]
async fn main() {
    let events = std::env::args().nth(1).map_or(100_000, |events| events.parse().unwrap());
    let server = Server::start().await.unwrap();
    let (client, denials) = Connection::to(&server.url()).unwrap().connect_watched("example").await.unwrap();
    let log: Log = Arc::new(JetStreamLog::new(client.clone(), JetStreamConfig::default()));
    let bucket = JetStreamBucket::new(client, denials, BucketConfig::new(Replicas::BUCKET)).unwrap();
    let bucket: Arc<dyn Bucket> = Arc::new(bucket);
    publish(&log, events).await;
    println!("{events} events, {} meters", events / 20);
    for store in StoreKind::ALL {
        let (first, replica) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let begun = Instant::now();
        run(first.path(), store, &log, events, None).await;
        let from_first = begun.elapsed();
        let begun = Instant::now();
        run(first.path(), store, &log, events, Some(&bucket)).await;
        let kept = begun.elapsed();
        let begun = Instant::now();
        let loaded = Replicas::new(Arc::clone(&bucket), replica.path()).load::<Meters>(store, &log).await;
        let loading = begun.elapsed();
        let stamp = loaded.unwrap().expect("a snapshot");
        run(replica.path(), store, &log, events, None).await;
        let from_snapshot = begun.elapsed();
        println!(
            "{store}: from the first event {from_first:.2?}; from a snapshot of {} entries {from_snapshot:.2?}, of which loading \
             {loading:.2?}; {:.1} times as fast; opening, writing and keeping it took {kept:.2?}",
            stamp.entries,
            from_first.as_secs_f64() / from_snapshot.as_secs_f64(),
        );
        let objects = bucket.list("").await.unwrap();
        for object in objects {
            println!("  {} has {} bytes", object.name, object.size);
            bucket.remove(&object.name).await.unwrap();
        }
    }
}

/// Opens the projection, and ends when it has read all; with a bucket, when a snapshot is kept as well.
async fn run(data: &Path, store: StoreKind, log: &Log, events: u64, bucket: Option<&Arc<dyn Bucket>>) {
    let options = ProjectorOptions { store: store.into(), ..ProjectorOptions::default() };
    let projector = Projector::<Meters>::open_with(data, options).unwrap();
    let mut position = projector.position();
    let schedule = ReplicaSchedule { every: Duration::from_millis(1), ..ReplicaSchedule::default() };
    let writing = bucket.map(|bucket| Replicas::new(Arc::clone(bucket), data).write(&projector, schedule));
    let stop = CancellationToken::new();
    let running = tokio::spawn(projector.run(Arc::clone(log), stop.clone()));
    position.wait_for(|at| at.of("power") >= events).await.unwrap();
    if let (Some(writing), Some(bucket)) = (writing, bucket) {
        while bucket.list("").await.unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        writing.close().await;
    }
    stop.cancel();
    running.await.unwrap().unwrap();
}

async fn publish(log: &Log, events: u64) {
    let domain: headwater_event::Domain = "power".parse().unwrap();
    log.open(&domain).await.unwrap();
    let mut answers = Vec::new();
    for number in 0..events {
        let event =
            ReadingTaken { reading: number.to_string(), meter: number % (events / 20), watt_hours: number };
        let envelope = CommandContext::new(format!("read {number}"))
            .envelope(&event, 0, "/meters", Timestamp::UNIX_EPOCH)
            .unwrap();
        let aggregate = Aggregate::new(domain.clone(), "reading", &event.reading).unwrap();
        answers
            .push(log.begin_append(Append { aggregate, expected: 0, events: vec![envelope] }).await.unwrap());
        if answers.len() == 1000 {
            for answer in answers.drain(..) {
                answer.await.unwrap();
            }
        }
    }
    for answer in answers {
        answer.await.unwrap();
    }
}
