//! What a bulk load is worth: `cargo run --release -p headwater-log --example bulk_load`.
//!
//! The same events, with the same headers, into streams of the same server: as a bulk load, and by the client's
//! own pipelined publishing with 4,096 answers outstanding. The rounds take turns, and the figures are medians.
//! Once with the server's default, lazy flushing, and once with a flush for every write. An argument sets how
//! many events a round has.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it is a measurement that a person runs")]

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::jetstream::context::ContextBuilder;
use async_nats::jetstream::message::PublishMessage;
use async_nats::{Client, HeaderMap};
use headwater_event::{Aggregate, Domain, Envelope};
use headwater_log::testkit::{Server, ServerBuilder};
use headwater_log::{Append, EventLog as _, JetStreamConfig, JetStreamLog};

const ROUNDS: usize = 5;
const WINDOW: usize = 4096;

#[tokio::main]
async fn main() {
    let events = std::env::args().nth(1).map(|count| count.parse().unwrap());
    compare("lazy flushing", Server::builder(), events.unwrap_or(200_000)).await;
    compare("sync_interval: always", Server::builder().sync_always(), events.unwrap_or(200_000) / 20).await;
}

async fn compare(name: &str, server: ServerBuilder, count: usize) {
    let server = server.start().await.unwrap();
    let client = async_nats::connect(server.url()).await.unwrap();
    let log = Arc::new(JetStreamLog::new(client.clone(), JetStreamConfig::default()));
    let mut ways =
        [("bulk load", Vec::new()), ("publishing", Vec::new()), ("publishing with ids", Vec::new())];
    for round in 0..=ROUNDS {
        for (way, (_, times)) in ways.iter_mut().enumerate() {
            let domain: Domain = format!("way-{way}-round-{round}").parse().unwrap();
            log.open(&domain).await.unwrap();
            let appends = appends(&domain, count);
            let start = Instant::now();
            match way {
                0 => tokio::spawn(load(log.clone(), domain.clone(), appends)).await.unwrap(),
                _ => tokio::spawn(publish(client.clone(), appends, way == 2)).await.unwrap(),
            }
            let time = start.elapsed();
            assert_eq!(log.info(&domain).await.unwrap().last, count as u64);
            // The first round warms up.
            if round > 0 {
                times.push(time);
            }
        }
    }
    println!("{name}, {count} events, {ROUNDS} rounds");
    let raw = median(&mut ways[1].1);
    for (name, times) in &mut ways {
        let median = median(times);
        println!(
            "  {name:20} {:>9.0} events/s, {:.2}",
            rate(count, median),
            raw.as_secs_f64() / median.as_secs_f64()
        );
    }
}

async fn load(log: Arc<JetStreamLog>, domain: Domain, appends: Vec<Append>) {
    let mut load = log.bulk_load(&domain).await.unwrap();
    for append in appends {
        load.send(append).await.unwrap();
    }
    load.finish().await.unwrap();
}

/// As the client publishes by itself: the headers of the load, and an answer for each message.
async fn publish(client: Client, appends: Vec<Append>, with_id: bool) {
    let context = ContextBuilder::new().max_ack_inflight(2 * WINDOW).build(client);
    let mut answers = VecDeque::with_capacity(WINDOW);
    for append in appends {
        if answers.len() == WINDOW {
            wait_for_first(&mut answers).await;
        }
        let event = &append.events[0];
        let mut headers = HeaderMap::new();
        for (name, value) in event.headers() {
            headers.insert(name.as_ref(), value.as_ref());
        }
        headers.insert("Nats-Expected-Last-Subject-Sequence", append.expected.to_string());
        headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", append.aggregate.filter());
        if with_id {
            headers.insert("Nats-Msg-Id", event.fingerprint().to_string());
        }
        let payload = event.data_bytes().cloned().unwrap();
        let message = PublishMessage::build().headers(headers).payload(payload);
        answers.push_back(context.send_publish(append.aggregate.subject("placed"), message).await.unwrap());
    }
    while !answers.is_empty() {
        wait_for_first(&mut answers).await;
    }
}

async fn wait_for_first(answers: &mut VecDeque<async_nats::jetstream::context::PublishAckFuture>) {
    if let Some(answer) = answers.pop_front() {
        answer.await.unwrap();
    }
}

/// About 450 bytes each, as in the reference system, each of an aggregate of its own.
fn appends(domain: &Domain, count: usize) -> Vec<Append> {
    let append = |number: usize| {
        let id = format!("2013-01-01-UA-{number}-EWR");
        let aggregate = Aggregate::new(domain.clone(), "order", id.clone()).unwrap();
        let data = format!(r#"{{"order":"{id}","departed_at":"2013-01-01T10:17:00Z","delay_minutes":2}}"#);
        let event_type = format!("org.example.{domain}.order.placed.v1");
        let event = Envelope::builder(format!("{number}"), "/bulk-load", event_type)
            .subject(aggregate.id())
            .time("2013-01-01T10:17:00Z".parse().unwrap())
            .json(data, "urn:headwater:schema:org.example.orders.order.placed.v1")
            .extension("correlationid", "0af7651916cd43dd8448eb211c80319c")
            .build()
            .unwrap();
        Append { aggregate, expected: 0, events: vec![event] }
    };
    (0..count).map(append).collect()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[allow(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
fn rate(count: usize, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}
