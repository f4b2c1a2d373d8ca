//! How fast a projection is rebuilt, and how soon a live event is visible, as ratios to the raw client in the same run:
//! `cargo run --release -p all-in-one --example rebuild`.
//!
//! `delay-stats` is rebuilt from all flight events of the week that is built in, or of the records in the directory that
//! `HEADWATER_RECORDS` names, such as the whole year. The raw client reads the same stream and throws it away, in each
//! of two ways. All go by turns, and the medians of several rounds are compared.
//!
//! An argument chooses what is measured: `rebuild`, `embedded` (which takes long to fill with a year), or `live`; a second one how many rounds there are.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it is a measurement that a person runs")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use delay_stats::DelayStats;
use flight_ops::FlightFeed;
use futures::StreamExt as _;
use headwater_event::{Aggregate, CommandContext, Domain};
use headwater_log::service::Connection;
use headwater_log::testkit::{RawReader, RawReading, Rounds, Server, Way};
use headwater_log::{Append, EmbeddedLog, JetStreamConfig, JetStreamLog, Log};
use headwater_publisher::{Rate, RecordFeed, publish};
use headwater_subscriber::{Projector, ProjectorOptions, StoreKind};
use tempfile::TempDir;
use tokio::time::interval;
use tokio_util::sync::CancellationToken;

/// How often each is measured, unless a second argument says it.
const ROUNDS: usize = 5;

fn rounds() -> usize {
    std::env::args().nth(2).map_or(ROUNDS, |rounds| rounds.parse().unwrap())
}

/// The raw client's too: an event comes in many small pieces.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    let wanted = std::env::args().nth(1);
    let is_wanted = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    if is_wanted("rebuild") {
        rebuild(false).await;
    }
    if is_wanted("embedded") {
        rebuild(true).await;
    }
    if is_wanted("live") {
        live().await;
    }
}

async fn jetstream(server: &Server) -> Log {
    let client = Connection::to(&server.url()).unwrap().connect("rebuild").await.unwrap();
    Arc::new(JetStreamLog::new(client, JetStreamConfig::default()))
}

/// Publishes all flights, and says how many events there are.
async fn fill(log: &Log) -> u64 {
    let records = std::env::var_os("HEADWATER_RECORDS").map(PathBuf::from);
    let feed = <FlightFeed as RecordFeed>::open(records.as_deref()).unwrap();
    let published = publish(feed, Arc::clone(log), Rate::new(None), CancellationToken::new(), |_| ()).await;
    published.unwrap();
    log.info(&flights()).await.unwrap().last
}

fn flights() -> Domain {
    "flights".parse().unwrap()
}

async fn rebuild(from_embedded: bool) {
    let server = Server::start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let embedded: Log = Arc::new(EmbeddedLog::open(directory.path().join("log")).unwrap());
    let broker = jetstream(&server).await;
    let events = fill(&broker).await;
    if from_embedded {
        assert_eq!(fill(&embedded).await, events);
    }
    println!("{events} events");

    let raw = RawReader::connect(&server.url()).await.unwrap();
    let count = usize::try_from(events).unwrap();
    let mut baselines = [(RawReading::OrderedPush, Way::new()), (RawReading::Pull, Way::new())];
    let mut ours = if from_embedded {
        vec![("embedded, sled", embedded, StoreKind::Sled, Way::new())]
    } else {
        vec![
            ("from JetStream, sled", Arc::clone(&broker), StoreKind::Sled, Way::new()),
            ("from JetStream, fjall", broker, StoreKind::Fjall, Way::new()),
        ]
    };
    for _ in 0..rounds() {
        for (reading, way) in &mut baselines {
            let round = async {
                let begin = Instant::now();
                raw.read(&flights(), count, *reading).await.unwrap();
                begin.elapsed()
            };
            way.add(events, round).await;
        }
        for (_, log, store, way) in &mut ours {
            let data = TempDir::new().unwrap();
            way.add(events, built(log, *store, data.path(), events)).await;
        }
    }
    let median = |way: &Way| way.rate.median().unwrap();
    let [(_, push), (_, pull)] = &baselines;
    let fastest = if median(push) > median(pull) { push } else { pull };
    for (reading, way) in &baselines {
        println!("  raw, {:<22}{way}", format!("{reading:?}"));
    }
    for (name, _, _, way) in &ours {
        println!("  {name:<27}{way}   {:.2} of the fastest raw", way.rate.ratio(&fastest.rate));
    }
}

/// Builds the projection until the last event is committed, and says how long that took.
async fn built(log: &Log, store: StoreKind, data: &Path, events: u64) -> Duration {
    let begin = Instant::now();
    let options = ProjectorOptions { store: store.into(), ..ProjectorOptions::default() };
    let projector = Projector::<DelayStats>::open_with(data, options).unwrap();
    let (mut position, stop) = (projector.position(), CancellationToken::new());
    let running = tokio::spawn(projector.run(Arc::clone(log), stop.clone()));
    position.wait_for(|at| at.of("flights") >= events).await.unwrap();
    let took = begin.elapsed();
    stop.cancel();
    running.await.unwrap().unwrap();
    took
}

/// From publish to visible, and from publish to the raw client's delivery, with 1,000 events a second.
async fn live() {
    const EVENTS: u64 = 3000;
    let server = Server::start().await.unwrap();
    let log = jetstream(&server).await;
    log.open(&flights()).await.unwrap();
    let data = TempDir::new().unwrap();
    let projector = Projector::<DelayStats>::open(data.path()).unwrap();
    let (mut position, stop) = (projector.position(), CancellationToken::new());
    let running = tokio::spawn(projector.run(Arc::clone(&log), stop.clone()));
    let raw = RawReader::connect(&server.url()).await.unwrap();
    let mut delivered = raw.live(&flights()).await.unwrap();

    // Both see the same events of the same publisher.
    let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel::<Instant>();
    let (seen_raw, mut raw_times) = tokio::sync::mpsc::unbounded_channel::<Instant>();
    let reading = tokio::spawn(async move {
        for _ in 0..EVENTS * ROUNDS as u64 {
            delivered.next().await.unwrap().unwrap();
            seen_raw.send(Instant::now()).unwrap();
        }
    });
    let watching = tokio::spawn(async move {
        let (mut seen, mut times) = (0, Vec::new());
        while seen < EVENTS * ROUNDS as u64 {
            position.changed().await.unwrap();
            let (at, now) = (position.borrow_and_update().of("flights"), Instant::now());
            times.extend((seen..at).map(|_| now));
            seen = at;
        }
        times
    });
    let mut tick = interval(Duration::from_millis(1));
    for number in 0..EVENTS * ROUNDS as u64 {
        tick.tick().await;
        let append = scheduled(number);
        begun.send(Instant::now()).unwrap();
        let answer = log.begin_append(append).await.unwrap();
        tokio::spawn(async move { answer.await.unwrap() });
    }
    reading.await.unwrap();
    let visible = watching.await.unwrap();
    stop.cancel();
    running.await.unwrap().unwrap();

    let mut rounds = [Rounds::new(), Rounds::new(), Rounds::new(), Rounds::new()];
    let each = usize::try_from(EVENTS).unwrap();
    let (mut raw_us, mut ours_us) = (Vec::new(), Vec::new());
    for at in visible {
        let begin = begins.recv().await.unwrap();
        raw_us.push(micros(raw_times.recv().await.unwrap() - begin));
        ours_us.push(micros(at - begin));
        if raw_us.len() == each {
            for (index, times) in [&mut raw_us, &mut ours_us].into_iter().enumerate() {
                times.sort_by(f64::total_cmp);
                rounds[2 * index].add(times[each / 2]);
                rounds[2 * index + 1].add(times[each * 99 / 100]);
                times.clear();
            }
        }
    }
    let [raw_p50, raw_p99, p50, p99] = &rounds;
    println!("from publish, in microseconds, at 1,000 events a second:");
    println!("  delivered to the raw client  p50 {raw_p50}   p99 {raw_p99}");
    println!("  visible in the projection    p50 {p50}   p99 {p99}");
    println!("  ratio                        p50 {:.2}   p99 {:.2}", p50.ratio(raw_p50), p99.ratio(raw_p99));
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// A flight that is scheduled.
fn scheduled(number: u64) -> Append {
    let flight: flight_events::FlightId = format!("2013-01-01-UA-{}-EWR-0515", number + 1).parse().unwrap();
    let at = flight_events::scheduled_departure(&flight);
    let event = flight_events::FlightScheduled {
        flight,
        destination: "LAX".parse().unwrap(),
        scheduled_departure: at,
        scheduled_arrival: at,
        tail_number: None,
    };
    let envelope = CommandContext::new(number.to_string()).envelope(&event, 0, "/speed", at).unwrap();
    let aggregate = Aggregate::new(flights(), "flight", flight.to_string()).unwrap();
    Append { aggregate, expected: 0, events: vec![envelope] }
}
