//! Every event takes effect exactly once, at whatever moments the process is killed, and the server too.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]
#![allow(clippy::print_stdout, reason = "what a run was like belongs to its output")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{JetStreamConfig, JetStreamLog, Log, PendingAppend};
use headwater_subscriber::{Projection as _, Projector, StoreKind, View};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use common::revenue::{Revenue, rows};
use common::running::Running;
use common::shop::{OrderRefunded, begin_to_publish, paid};

/// How often the process is killed.
const KILLS: usize = 25;

/// After these kills the server is killed as well.
const SERVER_KILLS: [usize; 3] = [6, 13, 20];

/// How many events are there before the first start.
const HISTORY: u64 = 8000;

/// In the child: where the log and the projection are, and the kind of its store.
const SERVER: &str = "HEADWATER_SIGKILL_TEST_SERVER";
const DATA: &str = "HEADWATER_SIGKILL_TEST_DATA";
const STORE: &str = "HEADWATER_SIGKILL_TEST_STORE";

async fn connect(url: &str) -> Log {
    let client = Connection::to(url).unwrap().connect("sigkill").await.unwrap();
    Arc::new(JetStreamLog::new(client, JetStreamConfig::default()))
}

/// The process that is killed: this binary again.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_builds_the_projection() {
    let (Ok(server), Ok(data)) = (std::env::var(SERVER), std::env::var(DATA)) else { return };
    let store = std::env::var(STORE).unwrap();
    let store = StoreKind::ALL.into_iter().find(|kind| kind.to_string() == store).unwrap();
    let projector = Projector::<Revenue>::open_in(store, Path::new(&data)).unwrap();
    let mut position = projector.position();
    println!("at {}", *position.borrow_and_update());
    tokio::spawn(async move {
        while position.changed().await.is_ok() {
            println!("at {}", *position.borrow_and_update());
        }
    });
    projector.run(connect(&server).await, CancellationToken::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_in_the_state_of_an_undisturbed_run_in_sled() {
    ends_in_the_state_of_an_undisturbed_run(StoreKind::Sled).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_in_the_state_of_an_undisturbed_run_in_fjall() {
    ends_in_the_state_of_an_undisturbed_run(StoreKind::Fjall).await;
}

async fn ends_in_the_state_of_an_undisturbed_run(store: StoreKind) {
    let seed = seed();
    println!("the moments are those of HEADWATER_SEED={seed}");
    let mut random = Random(seed);
    let mut server = Server::start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let log = connect(&server.url()).await;
    log.open(&"orders".parse().unwrap()).await.unwrap();
    let mut answers = Vec::new();
    for index in 0..HISTORY {
        answers.push(publish(&log, index).await);
    }
    for answer in answers {
        answer.await.unwrap();
    }

    // Something is always under way: events are published until all kills are done.
    let done = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn(publish_until(Arc::clone(&done), Arc::clone(&log)));
    let mut position = 0;
    for kill in 1..=KILLS {
        let (url, data) = (server.url(), directory.path().to_owned());
        let moment = random.below(150);
        let mut child = spawn_blocking(move || ChildProcess::start(store, &url, &data)).await.unwrap();
        if SERVER_KILLS.contains(&kill) {
            server.kill().await.unwrap();
            server.restart().await.unwrap();
        }
        let begun_at = child.next_position();
        assert!(begun_at >= position, "kill {kill}: {begun_at} is before {position}, which was reached");
        // Half of them while the process catches up, half while it works.
        if kill % 2 == 0 {
            child = spawn_blocking(move || child.reaches(begun_at + 1)).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(moment)).await;
        drop(child);
        assert!(!publishing.is_finished(), "the publisher has failed");
        // Its store says how far it came; what it had printed was committed, and may not have been flushed.
        position = View::open(&directory.path().join(Revenue::NAME))
            .and_then(|view| view.checkpoint())
            .unwrap()
            .map_or(0, |checkpoint| checkpoint.sequence);
    }
    done.store(true, Ordering::Relaxed);
    let last = publishing.await.unwrap();
    println!("{KILLS} kills, {last} events; {position} were committed before the last start");

    let mut killed = Running::<Revenue>::start_in(store, directory.path(), &log);
    killed.reaches(last).await;
    let undisturbed_directory = TempDir::new().unwrap();
    let mut undisturbed = Running::<Revenue>::start_in(store, undisturbed_directory.path(), &log);
    undisturbed.reaches(last).await;
    assert_eq!(rows(&killed.view), rows(&undisturbed.view), "seed {seed}");
    assert_eq!(killed.view.checkpoint().unwrap(), undisturbed.view.checkpoint().unwrap());
    let total = killed.projection.total.find(&killed.view, &"all".to_owned()).unwrap();
    assert_eq!(total, Some(expected_total(last)), "seed {seed}");
    killed.stop().await;
    undisturbed.stop().await;
}

/// Publishes the `index`th event (from 0): payments of many customers, and now and then one gets a cent back.
async fn publish(log: &Log, index: u64) -> PendingAppend {
    if index % 500 == 499 {
        let refunded =
            OrderRefunded { order: index.to_string(), customer: "customer 0".to_owned(), cents: 1 };
        begin_to_publish(log, refunded).await
    } else {
        begin_to_publish(log, paid(index, &format!("customer {}", index % 97), index + 1)).await
    }
}

fn expected_total(events: u64) -> u64 {
    (0..events).map(|index| if index % 500 == 499 { 0 } else { index + 1 }).sum::<u64>() - events / 500
}

async fn publish_until(done: Arc<AtomicBool>, log: Log) -> u64 {
    let mut events = HISTORY;
    while !done.load(Ordering::Relaxed) {
        assert_eq!(publish(&log, events).await.await.unwrap().last, events + 1);
        events += 1;
    }
    events
}

struct ChildProcess {
    process: Child,
    positions: Receiver<u64>,
}

impl ChildProcess {
    fn start(store: StoreKind, server: &str, data: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "a_child_that_builds_the_projection", "--nocapture"])
            .env(SERVER, server)
            .env(DATA, data)
            .env(STORE, store.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let (sender, positions) = channel();
        thread::spawn(move || {
            // A line that was cut off by the kill is none.
            for line in lines.map_while(Result::ok) {
                let position = line.rsplit_once("at ").and_then(|(_, position)| position.parse().ok());
                if position.is_some_and(|position| sender.send(position).is_err()) {
                    break;
                }
            }
        });
        Self { process, positions }
    }

    fn next_position(&self) -> u64 {
        self.positions.recv_timeout(Duration::from_secs(60)).expect("the child says how far it is")
    }

    fn reaches(self, position: u64) -> Self {
        while self.next_position() < position {}
        self
    }
}

impl Drop for ChildProcess {
    /// SIGKILL.
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

fn seed() -> u64 {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos().into();
    std::env::var("HEADWATER_SEED").map_or_else(|_| now(), |seed| seed.parse().unwrap())
}

/// SplitMix64: enough to spread moments, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
