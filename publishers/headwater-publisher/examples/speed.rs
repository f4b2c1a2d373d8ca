//! How fast commands and feeds are, as ratios to the raw client in the same run:
//! `cargo run --release -p headwater-publisher --example speed`.
//!
//! Both sides store the same bytes with the same durability, in streams of one server, by turns; the medians of several rounds are
//! compared. The raw client publishes messages that are made beforehand: what it costs to make them is on our side only.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it is a measurement that a person runs")]

#[path = "speed/meter.rs"]
mod meter;
#[path = "speed/raw.rs"]
mod raw;
#[path = "speed/till.rs"]
mod till;

use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_log::service::Connection;
use headwater_log::testkit::{BaselineHeaders, Server};
use headwater_log::{Flush, JetStreamConfig, JetStreamLog, Log};
use headwater_publisher::{Aggregates, Feed};

use meter::{Rounds, per_second};
use raw::Raw;
use till::{Till, sale};

#[tokio::main]
async fn main() {
    let wanted = std::env::args().nth(1);
    let is_wanted = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    if is_wanted("feed") {
        let server = Server::start().await.unwrap();
        feed(&server).await;
    }
    if is_wanted("lazily") {
        let server = Server::start().await.unwrap();
        for (callers, each) in [(1, 3000), (256, 100)] {
            commands(&server, Flush::Lazily, callers, each).await;
        }
    }
    if is_wanted("always") {
        let server = Server::builder().sync_always().start().await.unwrap();
        for (callers, each) in [(1, 500), (4, 250), (16, 100), (64, 60), (256, 60)] {
            commands(&server, Flush::Always, callers, each).await;
        }
    }
}

async fn log(server: &Server, flush: Flush) -> Log {
    let (client, denials) = Connection::to(&server.url()).unwrap().connect_watched("speed").await.unwrap();
    Arc::new(JetStreamLog::watched(client, denials, JetStreamConfig { flush, ..JetStreamConfig::default() }))
}

/// Each event to an aggregate of its own, as when records are published for the first time.
async fn feed(server: &Server) {
    const EVENTS: u64 = 40_000;
    let (mut plain, mut guarded, mut ours) = (Rounds::new(), Rounds::new(), Rounds::new());
    let raw = Raw::connect(server).await;
    log(server, Flush::Lazily).await.open(&"shop".parse().unwrap()).await.unwrap();
    for round in 0..7 {
        let (event, all) = (BaselineHeaders::Event, BaselineHeaders::Log);
        plain.add(per_second(EVENTS, raw.pipelined(&format!("{round}-plain"), EVENTS, event).await));
        guarded.add(per_second(EVENTS, raw.pipelined(&format!("{round}-guarded"), EVENTS, all).await));
        ours.add(per_second(EVENTS, feed_once(server, round, EVENTS).await));
    }
    println!("a feed of {EVENTS} events, lazy flushing, window 4,096 for the raw client:");
    println!("  raw                   {plain}");
    println!("  raw, same headers     {guarded}");
    println!("  feed                  {ours}");
    println!(
        "  feed / raw            {:.2}   feed / raw, same headers {:.2}",
        ours.ratio(&plain),
        ours.ratio(&guarded)
    );
}

async fn feed_once(server: &Server, round: u64, events: u64) -> Duration {
    let log = log(server, Flush::Lazily).await;
    let sales = Aggregates::<Till>::open(log, "/speed").await.unwrap().assuming_new();
    let begin = Instant::now();
    tokio::spawn(async move {
        let mut feed = Feed::new(sales);
        for number in 0..events {
            feed.send(sale(&format!("{round}-feed-{number}"), &format!("{round}-{number}"))).await.unwrap();
        }
        assert_eq!(feed.finish().await.unwrap().published, events);
    })
    .await
    .unwrap();
    begin.elapsed()
}

/// Callers who each wait for the answer before they ask again, each on an aggregate of its own.
async fn commands(server: &Server, flush: Flush, callers: u64, each: u64) {
    let (mut raws, mut ours) = (Rounds::new(), Rounds::new());
    let raw = Raw::connect(server).await;
    let events = callers * each;
    log(server, flush).await.open(&"shop".parse().unwrap()).await.unwrap();
    for round in 0..7 {
        raws.add(per_second(
            events,
            raw.concurrent(&format!("raw-{flush:?}-{callers}-{round}"), callers, each).await,
        ));
        ours.add(per_second(events, commands_once(server, flush, round, callers, each).await));
    }
    println!("{callers} concurrent callers, flushing {flush:?}:");
    println!("  raw       {raws}");
    println!("  commands  {ours}   ratio {:.2}", ours.ratio(&raws));
}

async fn commands_once(server: &Server, flush: Flush, round: u64, callers: u64, each: u64) -> Duration {
    let sales = Aggregates::<Till>::open(log(server, flush).await, "/speed").await.unwrap().assuming_new();
    let call = |caller: u64| {
        let sales = sales.clone();
        tokio::spawn(async move {
            for number in 0..each {
                let (till, id) = (
                    format!("{flush:?}-{callers}-{round}-{caller}"),
                    format!("{flush:?}-{callers}-{round}-{caller}-{number}"),
                );
                assert!(!sales.handle(sale(&id, &till)).await.unwrap().repeated);
            }
        })
    };
    let begin = Instant::now();
    let calling: Vec<_> = (0..callers).map(call).collect();
    for caller in calling {
        caller.await.unwrap();
    }
    begin.elapsed()
}
