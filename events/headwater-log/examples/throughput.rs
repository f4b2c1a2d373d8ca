//! How many events a second the logs take and give: `cargo run --release -p headwater-log --example throughput`.
//!
//! Single events, each to an aggregate of its own and with an expected version, 256 in flight; then one
//! follower over all of them. The broker is a server of its own with its default, lazy flushing.
//!
//! With `reading` as its argument: what a follower on JetStream reaches and costs, beside what the raw client does that throws the same
//! messages away, by turns.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it is a measurement that a person runs")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::StreamExt as _;
use headwater_event::{Aggregate, Domain, Envelope, EventFilter};
use headwater_log::testkit::{RawReader, RawReading, Server, Way};
use headwater_log::{Append, EmbeddedLog, JetStreamConfig, JetStreamLog, Log};

const EVENTS: usize = 200_000;
const IN_FLIGHT: usize = 256;

#[tokio::main]
async fn main() {
    let wanted = std::env::args().nth(1);
    let is_wanted = |name| wanted.as_deref().is_none_or(|wanted| wanted == name);
    if is_wanted("embedded") {
        let directory = tempfile::tempdir().unwrap();
        measure("embedded", Arc::new(EmbeddedLog::open(directory.path()).unwrap())).await;
        let start = Instant::now();
        EmbeddedLog::open(directory.path()).unwrap();
        println!("embedded: open again {:.1?}", start.elapsed());
    }
    if is_wanted("jetstream") {
        let server = Server::start().await.unwrap();
        let client = async_nats::connect(server.url()).await.unwrap();
        measure("jetstream", Arc::new(JetStreamLog::new(client, JetStreamConfig::default()))).await;
    }
    if is_wanted("reading") {
        reading().await;
    }
}

async fn measure(name: &str, log: Log) {
    let domain: Domain = "orders".parse().unwrap();
    log.open(&domain).await.unwrap();

    let (reading, events) = (log.clone(), appends(&domain));
    let start = Instant::now();
    tokio::spawn(write(log.clone(), events)).await.unwrap();
    report(name, "write", start.elapsed());

    let start = Instant::now();
    tokio::spawn(async move {
        let mut follow = reading.follow(EventFilter::all(domain), None).await.unwrap();
        for _ in 0..EVENTS {
            follow.next().await.unwrap().unwrap();
        }
    })
    .await
    .unwrap();
    report(name, "follow", start.elapsed());
}

async fn reading() {
    const ROUNDS: usize = 5;
    let server = Server::start().await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let log: Log = Arc::new(JetStreamLog::new(client, JetStreamConfig::default()));
    let domain: Domain = "orders".parse().unwrap();
    log.open(&domain).await.unwrap();
    tokio::spawn(write(log.clone(), appends(&domain))).await.unwrap();
    let raw = RawReader::connect(&server.url()).await.unwrap();
    let (mut push, mut pull, mut follow) = (Way::new(), Way::new(), Way::new());
    for _ in 0..ROUNDS {
        for (way, how) in [(&mut push, RawReading::OrderedPush), (&mut pull, RawReading::Pull)] {
            let (raw, domain) = (raw.clone(), domain.clone());
            let read = async move {
                let start = Instant::now();
                raw.read(&domain, EVENTS, how).await.unwrap();
                start.elapsed()
            };
            way.add(EVENTS as u64, async { tokio::spawn(read).await.unwrap() }).await;
        }
        let (log, domain) = (log.clone(), domain.clone());
        let read = async move {
            let start = Instant::now();
            let mut follow = log.follow(EventFilter::all(domain), None).await.unwrap();
            for _ in 0..EVENTS {
                follow.next().await.unwrap().unwrap();
            }
            start.elapsed()
        };
        follow.add(EVENTS as u64, async { tokio::spawn(read).await.unwrap() }).await;
    }
    println!("raw, ordered push  {push}");
    println!("raw, pull          {pull}");
    println!("follow             {follow}   {:.2} of the push", follow.rate.ratio(&push.rate));
}

async fn write(log: Log, appends: impl Iterator<Item = Append>) {
    let mut answers = VecDeque::with_capacity(IN_FLIGHT);
    for append in appends {
        if answers.len() == IN_FLIGHT {
            wait_for_first(&mut answers).await;
        }
        answers.push_back(log.begin_append(append).await.unwrap());
    }
    while !answers.is_empty() {
        wait_for_first(&mut answers).await;
    }
}

async fn wait_for_first(answers: &mut VecDeque<headwater_log::PendingAppend>) {
    if let Some(answer) = answers.pop_front() {
        answer.await.unwrap();
    }
}

/// About 450 bytes each, as in the reference system.
fn appends(domain: &Domain) -> impl Iterator<Item = Append> + Send + 'static {
    let domain = domain.clone();
    (0..EVENTS).map(move |number| {
        let id = format!("2013-01-01-UA-{number}-EWR");
        let aggregate = Aggregate::new(domain.clone(), "order", id.clone()).unwrap();
        let data = format!(r#"{{"order":"{id}","departed_at":"2013-01-01T10:17:00Z","delay_minutes":2}}"#);
        let event =
            Envelope::builder(format!("{number}"), "/throughput", "org.example.orders.order.placed.v1")
                .subject(aggregate.id())
                .time("2013-01-01T10:17:00Z".parse().unwrap())
                .json(data, "urn:headwater:schema:org.example.orders.order.placed.v1")
                .extension("correlationid", "0af7651916cd43dd8448eb211c80319c")
                .build()
                .unwrap();
        Append { aggregate, expected: 0, events: vec![event] }
    })
}

#[allow(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
fn report(name: &str, what: &str, elapsed: Duration) {
    println!("{name}: {what} {:.0} events/s", EVENTS as f64 / elapsed.as_secs_f64());
}
