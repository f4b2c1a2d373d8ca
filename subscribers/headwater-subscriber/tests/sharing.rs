//! Several instances of a subscriber share the partitions of its projection, and share again when one comes, goes or dies: every event takes
//! effect once, in the order of its key, and the state of a partition follows it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod common;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use headwater_log::service::Connection;
use headwater_log::testkit::{PATIENCE, Server, Victim};
use headwater_log::{BucketConfig, JetStreamBucket, JetStreamConfig, JetStreamLog, LeaseConfig, Leases, Log};
use headwater_subscriber::{
    PartitionMap, Partitioning, Positions, Projector, ProjectorError, ProjectorOptions, Replicas, Sharing,
    View,
};
use tempfile::TempDir;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use common::receipts::{APPLIED, Receipts, Till};
use common::revenue::rows;
use common::running::Running;

/// How long a lease lives: short, so that tests are, and long enough for a busy machine to renew it.
const LEASE: Duration = Duration::from_millis(1500);

const PARTITIONS: u32 = 6;
const ORDERS: u64 = 60;

async fn log(url: &str) -> Log {
    let client = Connection::to(url).unwrap().connect("sharing").await.unwrap();
    Arc::new(JetStreamLog::new(client, JetStreamConfig::default()))
}

fn options() -> ProjectorOptions {
    ProjectorOptions { partitions: Partitioning::new(PARTITIONS).unwrap(), ..ProjectorOptions::default() }
}

async fn sharing(url: &str, data: &Path, name: &str) -> Sharing {
    let (client, denials) = Connection::to(url).unwrap().connect_watched("sharing").await.unwrap();
    let leases = Leases::new(client.clone(), denials.clone(), LeaseConfig { replicas: 1, time: LEASE });
    let bucket = JetStreamBucket::new(client, denials, BucketConfig::new(Replicas::BUCKET)).unwrap();
    let replicas = Some(Replicas::new(Arc::new(bucket), data));
    Sharing { leases, address: format!("http://{name}"), replicas }
}

/// An instance in this process.
struct Instance {
    data: TempDir,
    view: View,
    position: watch::Receiver<Positions>,
    map: watch::Receiver<PartitionMap>,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ProjectorError>>,
}

impl Instance {
    async fn start(server: &Server, name: &str) -> Self {
        let data = TempDir::new().unwrap();
        let sharing = sharing(&server.url(), data.path(), name).await;
        let projector = Projector::<Receipts>::open_shared(data.path(), options()).unwrap();
        let (view, position, map) = (projector.view(), projector.position(), projector.partitions());
        let stop = CancellationToken::new();
        let task = tokio::spawn(projector.run_shared(log(&server.url()).await, sharing, stop.clone()));
        Self { data, view, position, map, stop, task }
    }

    /// Waits until it has so many partitions.
    async fn has(&mut self, count: usize) {
        let mut map = self.map.clone();
        let has = timeout(PATIENCE, map.wait_for(|map| map.here.len() == count)).await;
        let Ok(has) = has else { panic!("it has {:?}, and not {count}", *self.map.borrow()) };
        if has.is_err() {
            panic!("the instance has ended: {:?}", (&mut self.task).await.unwrap());
        }
    }

    async fn reaches(&mut self, sequence: u64) {
        let reached = timeout(PATIENCE, self.position.wait_for(|at| at.of("orders") >= sequence)).await;
        reached.expect("the instance is late").expect("the instance has ended");
    }

    async fn stop(self) -> TempDir {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("the instance doesn't end").unwrap().unwrap();
        self.data
    }
}

/// The rows of all of them. No two have the same.
fn together(views: &[&View]) -> Vec<String> {
    let mut all = BTreeMap::new();
    for row in views.iter().flat_map(|view| rows(view)) {
        let (key, value) = row.split_once(' ').unwrap();
        assert_eq!(all.insert(key.to_owned(), value.to_owned()), None, "two instances have {key}");
    }
    all.into_iter().map(|(key, value)| format!("{key} {value}")).collect()
}

/// What one process that nobody disturbs makes of the same events.
async fn undisturbed(server: &Server, last: u64) -> Vec<String> {
    let directory = TempDir::new().unwrap();
    let mut receipts = Running::<Receipts>::start(directory.path(), &log(&server.url()).await);
    receipts.reaches(last).await;
    let rows = rows(&receipts.view);
    receipts.stop().await;
    rows
}

/// Payments that go on until they are ended.
struct Payments {
    end: Arc<AtomicBool>,
    task: JoinHandle<(Till, u64)>,
}

impl Payments {
    async fn begin(server: &Server, mut till: Till) -> Self {
        let (end, log) = (Arc::new(AtomicBool::new(false)), log(&server.url()).await);
        let ends = Arc::clone(&end);
        let task = tokio::spawn(async move {
            let mut last = 0;
            while !ends.load(Ordering::Relaxed) {
                last = till.pay_for(&log, ORDERS, 1).await;
            }
            (till, last)
        });
        Self { end, task }
    }

    /// Says the last sequence.
    async fn end(self) -> (Till, u64) {
        self.end.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

/// Each test counts what this process does, and is about time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_gets_a_part_and_whoever_goes_leaves_its_state() {
    let _one = ONE_AT_A_TIME.lock().await;
    let server = Server::start().await.unwrap();
    let mut till = Till::default();
    let history = till.pay_for(&log(&server.url()).await, ORDERS, 3000).await;
    let mut ada = Instance::start(&server, "ada").await;
    ada.has(6).await;
    ada.reaches(history).await;
    let payments = Payments::begin(&server, till).await;

    let applied = APPLIED.load(Ordering::Relaxed);
    let mut ben = Instance::start(&server, "ben").await;
    ben.has(3).await;
    ada.has(3).await;
    let mut cleo = Instance::start(&server, "cleo").await;
    cleo.has(2).await;
    ada.has(2).await;
    ben.has(2).await;
    // Everybody knows where everything is.
    for instance in [&mut ada, &mut ben, &mut cleo] {
        let knows = |map: &PartitionMap| {
            ["http://ada", "http://ben", "http://cleo"].into_iter().all(|address| {
                map.owners.iter().flatten().filter(|owner| owner.address == address).count() == 2
            })
        };
        timeout(PATIENCE, instance.map.wait_for(knows)).await.expect("it is known").unwrap();
    }
    ada.stop().await;
    ben.has(3).await;
    cleo.has(3).await;

    let (_, last) = payments.end().await;
    ben.reaches(last).await;
    cleo.reaches(last).await;
    // Whoever gets a partition goes on from the state that the other one has left, and not from the first event.
    let (applied, new) = (APPLIED.load(Ordering::Relaxed) - applied, last - history);
    assert!(applied < new + 1000, "{applied} events were applied while {new} came");
    let expected = undisturbed(&server, last).await;
    assert!(together(&[&ben.view, &cleo.view]) == expected, "the states of two don't make up that of one");
    ben.stop().await;
    cleo.has(6).await;
    cleo.reaches(last).await;
    assert!(rows(&cleo.view) == expected, "the state isn't that of an undisturbed process");
    cleo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_one_that_is_killed_are_the_others_within_seconds() {
    let _one = ONE_AT_A_TIME.lock().await;
    let server = Server::start().await.unwrap();
    let payments = Payments::begin(&server, Till::default()).await;
    let mut ada = Instance::start(&server, "ada").await;
    ada.has(6).await;
    for _ in 0..3 {
        let ben = Process::start(&server);
        ada.has(3).await;
        let begun = Instant::now();
        drop(ben);
        ada.has(6).await;
        let took = begun.elapsed();
        assert!(took < LEASE * 20, "it took {took:?}");
    }
    let (_, last) = payments.end().await;
    ada.reaches(last).await;
    let expected = undisturbed(&server, last).await;
    assert!(rows(&ada.view) == expected, "the state isn't that of an undisturbed process");
    ada.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stood_still_writes_nothing_late() {
    let _one = ONE_AT_A_TIME.lock().await;
    let server = Server::start().await.unwrap();
    let payments = Payments::begin(&server, Till::default()).await;
    let mut ada = Instance::start(&server, "ada").await;
    ada.has(6).await;
    let ben = Process::start(&server);
    ada.has(3).await;
    for _ in 0..3 {
        ben.victim.pause().await.unwrap();
        ada.has(6).await;
        ben.victim.resume().unwrap();
        // It comes back as another member, and what it gets is as the other one has left it.
        ada.has(3).await;
    }
    let (_, last) = payments.end().await;
    ada.reaches(last).await;
    // All of it is the other one's now.
    let mine = ada.stop().await;
    let expected = undisturbed(&server, last).await;
    let begun = Instant::now();
    let data = ben.data.path().to_owned();
    loop {
        // What is here is no more than what is elsewhere.
        drop(View::open(mine.path(), "receipts").unwrap());
        ben.victim.pause().await.unwrap();
        let copied = copied(&data);
        ben.victim.resume().unwrap();
        if View::open(copied.path(), "receipts").is_ok_and(|view| rows(&view) == expected) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "the state of the one that is left isn't what it should be");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// A copy of what a process keeps that stands still: as if its machine had failed.
fn copied(data: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    let source = format!("{}/.", data.display());
    assert!(Command::new("cp").arg("-r").arg(source).arg(copy.path()).status().unwrap().success());
    copy
}

/// In the child: where the log and the projection are.
const SERVER: &str = "HEADWATER_SHARING_TEST_SERVER";
const DATA: &str = "HEADWATER_SHARING_TEST_DATA";

/// An instance in a process of its own: this binary again.
struct Process {
    victim: Victim,
    data: TempDir,
}

impl Process {
    fn start(server: &Server) -> Self {
        let data = TempDir::new().unwrap();
        let mut command = Victim::of_test("a_child_that_shares_the_projection").unwrap();
        let victim = Victim::start(command.env(SERVER, server.url()).env(DATA, data.path())).unwrap();
        Self { victim, data }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_shares_the_projection() {
    let (Ok(server), Ok(data)) = (std::env::var(SERVER), std::env::var(DATA)) else { return };
    let data = Path::new(&data);
    let projector = Projector::<Receipts>::open_shared(data, options()).unwrap();
    let sharing = sharing(&server, data, "child").await;
    projector.run_shared(log(&server).await, sharing, CancellationToken::new()).await.unwrap();
}
