//! How fast commands and feeds are, as ratios to the raw client in the same run:
//! `cargo run --release -p headwater-publisher --example speed`.
//!
//! Both sides store the same bytes with the same durability, in streams of one server, by turns; the medians of several rounds are
//! compared. The raw client publishes messages that are made beforehand: what it costs to make them is on our side only.
//!
//! An argument chooses what is measured (`validation`, `feed`, `lazily`, `always`, `loading`), and a second one how many callers
//! `always` has.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "it is a measurement that a person runs")]

#[path = "speed/raw.rs"]
mod raw;
#[path = "speed/till.rs"]
mod till;

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use headwater_event::{Aggregate, CommandContext, Event as _};
use headwater_log::service::Connection;
use headwater_log::testkit::{BaselineHeaders, Rounds, Server, Way, nanoseconds, per_second};
use headwater_log::{Flush, JetStreamConfig, JetStreamLog, Log};
use headwater_publisher::{Aggregates, Feed, Snapshots};
use tokio::time::{sleep, timeout};

use raw::{Raw, WINDOW, messages};
use till::{AT, Sold, Till, free, sale, sales};

/// The allocator that our services have: an event is made of many small pieces, and the system's takes longer for them than the rest
/// takes. It is the raw client's too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() {
    let wanted = std::env::args().nth(1);
    let only: Option<u64> = std::env::args().nth(2).map(|callers| callers.parse().unwrap());
    let is_wanted = |name: &str| wanted.as_deref().is_none_or(|wanted| wanted == name);
    if is_wanted("validation") {
        validation();
    }
    if is_wanted("feed") {
        feed(&Server::start().await.unwrap()).await;
    }
    if is_wanted("lazily") {
        let server = Server::start().await.unwrap();
        for (callers, each) in [(1, 3000), (256, 100)] {
            commands(&server, Flush::Lazily, callers, each).await;
        }
        several(&server, Flush::Lazily, 200).await;
    }
    if is_wanted("always") {
        let server = Server::builder().sync_always().start().await.unwrap();
        for (callers, each) in [(1, 500), (4, 250), (8, 125), (16, 60), (32, 40), (64, 40), (256, 40)] {
            if only.is_none_or(|only| only == callers) {
                commands(&server, Flush::Always, callers, each).await;
            }
        }
        if only.is_none() {
            several(&server, Flush::Always, 200).await;
        }
    }
    if is_wanted("loading") {
        loading(&Server::start().await.unwrap()).await;
    }
}

/// What it takes to make an event of a command, without and with the comparison with its schema.
fn validation() {
    const EVENTS: u32 = 100_000;
    let context = CommandContext::new("0af7651916cd43dd8448eb211c80319c");
    let sold = Sold { till: "2013-01-01-UA-1545-EWR".to_owned(), sold_at: AT, cents: 420, sales: 7 };
    let schema = Sold::schemas().remove(0).serialize;
    let validator = jsonschema::validator_for(&schema).unwrap();
    let (mut made, mut checked) = (Rounds::new(), Rounds::new());
    for _ in 0..7 {
        let begin = Instant::now();
        for index in 0..EVENTS {
            black_box(context.envelope(&sold, index as usize, "/speed", AT).unwrap());
        }
        made.add(nanoseconds(begin.elapsed(), EVENTS));
        let envelope = context.envelope(&sold, 0, "/speed", AT).unwrap();
        let begin = Instant::now();
        for _ in 0..EVENTS {
            let data: serde_json::Value = serde_json::from_slice(black_box(envelope.data())).unwrap();
            assert!(validator.validate(&data).is_ok());
        }
        checked.add(nanoseconds(begin.elapsed(), EVENTS));
    }
    println!(
        "an event, in nanoseconds:\n  to make    {made}\n  to validate{checked}   {:.2} of making it",
        checked.ratio(&made)
    );
}

/// A command of ten events: as an atomic batch, and as one message that holds them all.
async fn several(server: &Server, flush: Flush, commands: u64) {
    const EVENTS: u32 = 10;
    let (mut batches, mut messages, mut pipelined) = (Rounds::new(), Rounds::new(), Rounds::new());
    let raw = Raw::connect(server).await;
    log(server, flush).await.open(&"shop".parse().unwrap()).await.unwrap();
    for round in 0..5 {
        let tills =
            Aggregates::<Till>::open(log(server, flush).await, "/speed").await.unwrap().assuming_new();
        let begin = Instant::now();
        tokio::spawn(async move {
            for number in 0..commands {
                let id = format!("several-{flush:?}-{round}-{number}");
                tills.handle(sales(&id, &id, EVENTS)).await.unwrap();
            }
        })
        .await
        .unwrap();
        batches.add(per_second(commands, begin.elapsed()));
        let name = format!("whole-{flush:?}-{round}");
        messages.add(per_second(commands, raw.whole(&name, commands, EVENTS, 1).await));
        let many = commands * 10;
        pipelined.add(per_second(many, raw.whole(&format!("{name}-p"), many, EVENTS, 256).await));
    }
    println!("commands of {EVENTS} events, flushing {flush:?}, commands a second:");
    println!("  an atomic batch each, one by one       {batches}");
    println!("  one message each, one by one           {messages}   {:.1} times", messages.ratio(&batches));
    println!("  one message each, 256 under way        {pipelined}   {:.1} times", pipelined.ratio(&batches));
}

/// How long a service that has just started takes for a command that is rejected: it loads the aggregate, and stores nothing.
async fn loading(server: &Server) {
    let log = log(server, Flush::Lazily).await;
    for (events, every) in
        [(10_u64, None), (1_000, None), (100_000, None), (1_000, Some(100)), (100_000, Some(100))]
    {
        let till = format!("till-{events}-{every:?}");
        let with = |tills: Aggregates<Till>| match every {
            Some(every) => tills.with_snapshots(Snapshots::every(every)),
            None => tills,
        };
        let tills = with(Aggregates::open(log.clone(), "/speed").await.unwrap());
        let mut last = 0;
        for number in 0..events.div_ceil(1000) {
            let batch = u32::try_from(events - number * 1000).unwrap().min(1000);
            let receipt = tills.handle(sales(&format!("{till}-{number}"), &till, batch)).await.unwrap();
            last = receipt.sequence;
        }
        if let Some(every) = every {
            wait_for_snapshot(&log, &till, last.saturating_sub(every as u64)).await;
        }
        let mut rounds = Rounds::new();
        for _ in 0..if events > 10_000 && every.is_none() { 3 } else { 31 } {
            let tills = with(Aggregates::open(log.clone(), "/speed").await.unwrap());
            let free = free(&till);
            let begin = Instant::now();
            let refused = tokio::spawn(async move { tills.handle(free).await.unwrap_err() }).await.unwrap();
            assert!(refused.is_rejected());
            rounds.add(begin.elapsed().as_secs_f64() * 1e6);
        }
        let snapshots = if every.is_some() { "with snapshots" } else { "without" };
        println!("loading {events:>7} events, {snapshots:<14} {rounds} microseconds");
    }
}

/// Waits until a snapshot is kept that was taken after this sequence: it is kept a moment later than it is taken.
async fn wait_for_snapshot(log: &Log, till: &str, after: u64) {
    let aggregate = Aggregate::new("shop".parse().unwrap(), "till", till).unwrap();
    let kept = async {
        loop {
            if let Some(note) = log.note(&aggregate, "state").await.unwrap() {
                let snapshot: serde_json::Value = serde_json::from_slice(&note).unwrap();
                if snapshot["sequence"].as_u64().unwrap() > after {
                    return;
                }
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(60), kept).await.unwrap();
}

async fn log(server: &Server, flush: Flush) -> Log {
    let (client, denials) = Connection::to(&server.url()).unwrap().connect_watched("speed").await.unwrap();
    Arc::new(JetStreamLog::watched(client, denials, JetStreamConfig { flush, ..JetStreamConfig::default() }))
}

/// Each event to an aggregate of its own, as when records are published for the first time.
async fn feed(server: &Server) {
    const EVENTS: u64 = 40_000;
    let raw = Raw::connect(server).await;
    log(server, Flush::Lazily).await.open(&"shop".parse().unwrap()).await.unwrap();
    let (mut plain, mut guarded, mut ours) = (Way::new(), Way::new(), Way::new());
    for round in 0..7 {
        let plainly = messages(&format!("{round}-plain"), EVENTS, BaselineHeaders::Event);
        plain.add(EVENTS, raw.pipelined(plainly, WINDOW)).await;
        let with_guards = messages(&format!("{round}-guarded"), EVENTS, BaselineHeaders::Log);
        guarded.add(EVENTS, raw.pipelined(with_guards, WINDOW)).await;
        ours.add(EVENTS, feed_once(server, round, EVENTS)).await;
    }
    println!("a feed of {EVENTS} events, lazy flushing, window {WINDOW} for the raw client:");
    println!("  raw                   {plain}");
    println!("  raw, same headers     {guarded}");
    println!("  feed                  {ours}");
    println!(
        "  feed / raw            {:.2}   feed / raw, same headers {:.2}",
        ours.rate.ratio(&plain.rate),
        ours.rate.ratio(&guarded.rate)
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
///
/// A raw caller who guarded would have to know what version its last message got; so the ones with the same headers write to
/// another aggregate each time.
async fn commands(server: &Server, flush: Flush, callers: u64, each: u64) {
    let (mut plain, mut guarded, mut ours) = (Rounds::new(), Rounds::new(), Rounds::new());
    let raw = Raw::connect(server).await;
    let events = callers * each;
    log(server, flush).await.open(&"shop".parse().unwrap()).await.unwrap();
    for round in 0..7 {
        for (rounds, headers) in [(&mut plain, BaselineHeaders::Event), (&mut guarded, BaselineHeaders::Log)]
        {
            let name = format!("raw-{flush:?}-{headers:?}-{callers}-{round}");
            rounds.add(per_second(events, raw.concurrent(&name, callers, each, headers).await));
        }
        ours.add(per_second(events, commands_once(server, flush, round, callers, each).await));
    }
    println!("{callers} concurrent callers, flushing {flush:?}:");
    println!("  raw                {plain}");
    println!("  raw, same headers  {guarded}");
    println!(
        "  commands           {ours}   ratios {:.2} and {:.2}",
        ours.ratio(&plain),
        ours.ratio(&guarded)
    );
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
