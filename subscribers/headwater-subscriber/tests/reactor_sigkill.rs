//! Every effect is done, in the order of its key, at whatever moments the process is killed, and the server too.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]
#![allow(clippy::print_stdout, reason = "what a run was like belongs to its output")]

mod common;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use headwater_event::{Aggregate, CommandContext};
use headwater_log::service::Connection;
use headwater_log::testkit::{Random, Server, Victim, eventually};
use headwater_log::{Append, EventLog as _, JetStreamConfig, JetStreamLog, WorkConfig};
use headwater_subscriber::{Effect, React, ReactError, Reactor, ReactorOptions, ReactorRunner, Recorded};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use common::shop::{OrderPaid, paid};

/// How often the process is killed.
const KILLS: usize = 25;

/// After these kills the server is killed as well.
const SERVER_KILLS: [usize; 3] = [6, 13, 20];

/// How many orders are paid for, again and again.
const ORDERS: u64 = 40;

/// In the child: where the log, its record and the world outside are.
const SERVER: &str = "HEADWATER_REACTOR_SIGKILL_SERVER";
const DATA: &str = "HEADWATER_REACTOR_SIGKILL_DATA";

/// Writes a line for each payment; what is written survives the process.
#[derive(Reactor)]
#[reactor(name = "lines", handles(OrderPaid))]
struct Lines {
    file: File,
}

impl React<OrderPaid> for Lines {
    async fn react(&self, event: &Recorded<'_, OrderPaid>, effect: &Effect) -> Result<(), ReactError> {
        let OrderPaid { order, cents, .. } = &event.data;
        let line = format!("{} {order} {cents} {}\n", std::process::id(), effect.key);
        (&self.file).write_all(line.as_bytes()).map_err(ReactError::failed)
    }
}

async fn connect(url: &str) -> Arc<JetStreamLog> {
    let client = Connection::to(url).unwrap().connect("sigkill").await.unwrap();
    Arc::new(JetStreamLog::new(client, JetStreamConfig::default()))
}

fn ledger(data: &Path) -> PathBuf {
    data.join("ledger")
}

/// The process that is killed: this binary again.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_works() {
    let (Ok(server), Ok(data)) = (std::env::var(SERVER), std::env::var(DATA)) else { return };
    let file = File::options().append(true).create(true).open(ledger(Path::new(&data))).unwrap();
    let options = ReactorOptions {
        work: WorkConfig { term: Duration::from_millis(400), ..WorkConfig::default() },
        ..ReactorOptions::default()
    };
    let runner = ReactorRunner::open(Lines { file }, options, Path::new(&data)).unwrap();
    runner.run(connect(&server).await, CancellationToken::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_effect_is_done_in_order_and_repeated_only_under_its_own_key() {
    let mut random = Random::seeded();
    let mut server = Server::start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let log = connect(&server.url()).await;
    log.open(&"orders".parse().unwrap()).await.unwrap();

    // Something is always under way: events are published until all kills are done.
    let done = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn(publish_until(done.clone(), log.clone()));
    for kill in 1..=KILLS {
        let child = start(&server.url(), directory.path());
        if SERVER_KILLS.contains(&kill) {
            server.kill().await.unwrap();
            server.restart().await.unwrap();
        }
        // Some of them while it begins, most while it works.
        if kill % 4 != 0 {
            works(directory.path()).await;
        }
        tokio::time::sleep(Duration::from_millis(random.below(200))).await;
        drop(child);
        assert!(!publishing.is_finished(), "the publisher has failed");
    }
    done.store(true, Ordering::Relaxed);
    let rounds = publishing.await.unwrap();

    let child = start(&server.url(), directory.path());
    let begun = Instant::now();
    let (lines, repeated) = loop {
        let lines = lines(directory.path());
        let repeated = check(&lines);
        if lines.len() as u64 - repeated == rounds * ORDERS {
            break (lines.len(), repeated);
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "not all effects are done");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    drop(child);
    println!("{KILLS} kills: {} events, {lines} effects, {repeated} of them repeated", rounds * ORDERS);
}

/// The order, the number of its payment, who wrote it and the idempotency key, in the order of the effects.
fn lines(data: &Path) -> Vec<(u32, String, u64, String)> {
    let text = fs::read_to_string(ledger(data)).unwrap();
    // The last line may be being written.
    let lines = text.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    lines
        .map(|line| {
            let parts: Vec<_> = line.trim_end().split(' ').collect();
            (parts[0].parse().unwrap(), parts[1].to_owned(), parts[2].parse().unwrap(), parts[3].to_owned())
        })
        .collect()
}

/// Checks the order of each key, and says how many effects were repeated.
fn check(lines: &[(u32, String, u64, String)]) -> u64 {
    let mut last: HashMap<&str, (u32, u64)> = HashMap::new();
    let mut keys: HashMap<(&str, u64), &str> = HashMap::new();
    let mut repeated = 0;
    for (process, order, number, key) in lines {
        let before = last.insert(order, (*process, *number));
        let next = before.map_or(0, |(_, number)| number + 1);
        // What a process had done and not written down is done once more by the next one: the last effect of a key.
        let may_repeat = before.is_some_and(|(before, _)| before != *process);
        assert!(
            *number == next || (may_repeat && *number + 1 == next),
            "{number} follows {before:?} of the order {order} in {process}"
        );
        repeated += u64::from(*number != next);
        assert_eq!(*keys.entry((order, *number)).or_insert(key), key, "another key");
    }
    repeated
}

/// Pays all orders, round after round; returns how many rounds.
async fn publish_until(done: Arc<AtomicBool>, log: Arc<JetStreamLog>) -> u64 {
    let (mut versions, mut round) = (HashMap::new(), 0);
    while !done.load(Ordering::Relaxed) {
        for order in 0..ORDERS {
            let order = order.to_string();
            let command = CommandContext::new(format!("pay {order} {round}"));
            let event =
                command.envelope(&paid(&order, "ada", round), 0, "/shop", Timestamp::UNIX_EPOCH).unwrap();
            let aggregate = Aggregate::new("orders".parse().unwrap(), "order", order.as_str()).unwrap();
            let expected = versions.get(&order).copied().unwrap_or(0);
            let appended = log.append(Append { aggregate, expected, events: vec![event] }).await.unwrap();
            versions.insert(order, appended.last);
        }
        round += 1;
    }
    round
}

fn start(server: &str, data: &Path) -> Victim {
    let mut command = Victim::of_test("a_child_that_works").unwrap();
    Victim::start(command.env(SERVER, server).env(DATA, data).stdout(Stdio::null())).unwrap()
}

/// Waits until something is done.
async fn works(data: &Path) {
    let length = || fs::metadata(ledger(data)).map_or(0, |ledger| ledger.len());
    let before = length();
    eventually("the child does something", || async { length() > before }).await;
}
