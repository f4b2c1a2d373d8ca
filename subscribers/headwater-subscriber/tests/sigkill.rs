//! Every event takes effect exactly once, at whatever moments the process is killed, and the server too.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]
#![allow(clippy::print_stdout, reason = "what a run was like belongs to its output")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use headwater_log::service::Connection;
use headwater_log::testkit::{PATIENCE, Random, Server, Victim};
use headwater_log::{JetStreamConfig, JetStreamLog, Log, PendingAppend};
use headwater_subscriber::{Partitioning, Projection, Projector, ProjectorOptions, StoreKind, Stores, View};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use common::receipts::Receipts;
use common::revenue::{Revenue, rows};
use common::running::Running;
use common::shop::{OrderRefunded, begin_to_publish, paid};

/// How often the process is killed.
const KILLS: usize = 150;
/// The same when its state is in a database, where each event takes longer.
#[cfg(feature = "postgres")]
const KILLS_IN_POSTGRES: usize = 48;
/// With every one of so many kills the database is killed as well.
#[cfg(feature = "postgres")]
const KILLS_PER_DATABASE_KILL: usize = 5;

/// With every one of so many kills the server is killed as well.
const KILLS_PER_SERVER_KILL: usize = 11;

/// How many events are there before the first start.
const HISTORY: u64 = 8000;

/// In the child: where the log and the projection are, and the kind of its store, or the address of its database.
const SERVER: &str = "HEADWATER_SIGKILL_TEST_SERVER";
const DATA: &str = "HEADWATER_SIGKILL_TEST_DATA";
const STORE: &str = "HEADWATER_SIGKILL_TEST_STORE";
/// And into how many partitions, if the state is divided.
const PARTITIONS: &str = "HEADWATER_SIGKILL_TEST_PARTITIONS";

async fn connect(url: &str) -> Log {
    let client = Connection::to(url).unwrap().connect("sigkill").await.unwrap();
    Arc::new(JetStreamLog::new(client, JetStreamConfig::default()))
}

/// The process that is killed: this binary again.
#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_builds_the_projection() {
    let (Ok(server), Ok(data)) = (std::env::var(SERVER), std::env::var(DATA)) else { return };
    let (server, data, store) = (&*server, Path::new(&data), std::env::var(STORE).unwrap());
    match std::env::var(PARTITIONS).ok() {
        None => build::<Revenue>(server, data, in_stores(stores(&store))).await,
        Some(count) => {
            let options =
                ProjectorOptions { partitions: count.parse().unwrap(), ..in_stores(stores(&store)) };
            build::<Receipts>(server, data, options).await;
        }
    }
}

fn in_stores(store: Stores) -> ProjectorOptions {
    ProjectorOptions { store, ..ProjectorOptions::default() }
}

async fn build<P: Projection>(server: &str, data: &Path, options: ProjectorOptions) {
    let projector = Projector::<P>::open_with(data, options).unwrap();
    let mut position = projector.position();
    println!("at {}", position.borrow_and_update().of("orders"));
    tokio::spawn(async move {
        while position.changed().await.is_ok() {
            println!("at {}", position.borrow_and_update().of("orders"));
        }
    });
    projector.run(connect(server).await, CancellationToken::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_in_the_state_of_an_undisturbed_run_in_sled() {
    counts_each_payment_once(StoreKind::Sled).await;
}

/// Each partition has a store and a position of its own.
#[tokio::test(flavor = "multi_thread")]
async fn ends_in_the_state_of_an_undisturbed_run_in_partitions() {
    let partitions = Partitioning::new(4).unwrap();
    let options = ProjectorOptions { partitions, ..in_stores(StoreKind::Sled.into()) };
    let (receipts, _) = ends_in_the_state_of_an_undisturbed_run::<Receipts>(&options).await;
    receipts.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ends_in_the_state_of_an_undisturbed_run_in_fjall() {
    counts_each_payment_once(StoreKind::Fjall).await;
}

/// The database is killed in between.
#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread")]
async fn ends_in_the_state_of_an_undisturbed_run_in_postgres() {
    in_postgres::ends_in_the_state_of_an_undisturbed_run().await;
}

/// The stores that a child is told.
fn stores(told: &str) -> Stores {
    #[cfg(feature = "postgres")]
    if told.contains("://") {
        return told.parse::<headwater_subscriber::PostgresConfig>().unwrap().into();
    }
    StoreKind::ALL.into_iter().find(|kind| kind.to_string() == told).unwrap().into()
}

#[cfg(feature = "postgres")]
mod in_postgres {
    use headwater_log::testkit::Postgres;
    use headwater_subscriber::ProjectorError;
    use tokio_postgres::NoTls;

    use super::*;

    pub(super) async fn ends_in_the_state_of_an_undisturbed_run() {
        let mut random = Random::seeded();
        let server = Server::start().await.unwrap();
        let mut postgres = Postgres::start().await.unwrap();
        let directory = TempDir::new().unwrap();
        let log = log_with_history(&server.url()).await;

        let done = Arc::new(AtomicBool::new(false));
        let publishing = tokio::spawn(publish_until(Arc::clone(&done), Arc::clone(&log)));
        let mut position = 0;
        for kill in 1..=KILLS_IN_POSTGRES {
            let (url, data, store) = (server.url(), directory.path().to_owned(), postgres.url());
            let moment = random.below(150);
            let child =
                spawn_blocking(move || ChildProcess::start(store, Partitioning::default(), &url, &data))
                    .await
                    .unwrap();
            let (child, begun_at) = spawn_blocking(move || {
                let begun_at = child.next_position();
                // Half of them while the process catches up, half while it works.
                if kill % 2 == 0 { (child.reaches(begun_at + 1), begun_at) } else { (child, begun_at) }
            })
            .await
            .unwrap();
            assert!(begun_at >= position, "kill {kill}: {begun_at} is before {position}, which was reached");
            tokio::time::sleep(Duration::from_millis(moment)).await;
            if kill % KILLS_PER_DATABASE_KILL == 0 {
                postgres.kill().await.unwrap();
                // Half of them while it is away, half when it works again.
                if kill % 2 == 0 {
                    drop(child);
                    postgres.restart().await.unwrap();
                } else {
                    postgres.restart().await.unwrap();
                    let before = shown(&postgres.url()).await.0;
                    spawn_blocking(move || child.reaches(before + 1)).await.unwrap();
                }
            } else {
                drop(child);
            }
            assert!(!publishing.is_finished(), "the publisher has failed");
            // As query services see it, rows and position are always of one commit.
            let (at, total) = shown(&postgres.url()).await;
            assert_eq!(total, expected_total(at), "kill {kill}: of {at} events");
            assert!(at >= position, "kill {kill}: {at} is before {position}");
            position = at;
        }
        done.store(true, Ordering::Relaxed);
        let last = publishing.await.unwrap();
        println!("{KILLS_IN_POSTGRES} kills, {last} events; {position} were committed before the last start");

        let options = ProjectorOptions { store: stores(&postgres.url()), ..ProjectorOptions::default() };
        let mut killed = Running::<Revenue>::start_with(directory.path(), options.clone(), &log);
        killed.reaches(last).await;
        let Err(ProjectorError::Store(_)) = Projector::<Revenue>::open_with(directory.path(), options) else {
            panic!("a second process takes the store");
        };
        let undisturbed_directory = TempDir::new().unwrap();
        let mut undisturbed = Running::<Revenue>::start(undisturbed_directory.path(), &log);
        undisturbed.reaches(last).await;
        assert_eq!(rows(&killed.view), rows(&undisturbed.view));
        assert_eq!(killed.view.checkpoints().unwrap(), undisturbed.view.checkpoints().unwrap());
        assert_eq!(shown(&postgres.url()).await, (last, expected_total(last)));
        killed.stop().await;
        undisturbed.stop().await;
    }

    /// The position and the total that the views show.
    async fn shown(url: &str) -> (u64, u64) {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        let driver = tokio::spawn(async move { connection.await.ok() });
        let read = "SELECT (SELECT sequence FROM revenue.headwater_checkpoint), value::text::bigint
            FROM revenue.total";
        // Before the first commit there is no such table.
        let row = client.query_opt(read, &[]).await.ok().flatten();
        driver.abort();
        let number = |value: i64| u64::try_from(value).unwrap();
        row.map_or((0, 0), |row| (number(row.get(0)), number(row.get(1))))
    }
}

async fn counts_each_payment_once(store: StoreKind) {
    let (revenue, last) = ends_in_the_state_of_an_undisturbed_run::<Revenue>(&in_stores(store.into())).await;
    let total = revenue.projection.total.find(&revenue.view, &"all".to_owned()).unwrap();
    assert_eq!(total, Some(expected_total(last)));
    revenue.stop().await;
}

/// Says what has come of it, and how many events there are.
async fn ends_in_the_state_of_an_undisturbed_run<P: Projection>(
    options: &ProjectorOptions,
) -> (Running<P>, u64) {
    let mut random = Random::seeded();
    let mut server = Server::start().await.unwrap();
    let directory = TempDir::new().unwrap();
    let log = log_with_history(&server.url()).await;

    // Something is always under way: events are published until all kills are done.
    let done = Arc::new(AtomicBool::new(false));
    let publishing = tokio::spawn(publish_until(Arc::clone(&done), Arc::clone(&log)));
    let mut position = 0;
    for kill in 1..=KILLS {
        let (url, data) = (server.url(), directory.path().to_owned());
        let (stores, partitions) = (options.store.to_string(), options.partitions);
        let moment = random.below(150);
        let mut child =
            spawn_blocking(move || ChildProcess::start(stores, partitions, &url, &data)).await.unwrap();
        if kill % KILLS_PER_SERVER_KILL == 0 {
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
        let positions = View::open(directory.path(), P::NAME).and_then(|view| view.positions());
        position = positions.unwrap().of("orders");
    }
    done.store(true, Ordering::Relaxed);
    let last = publishing.await.unwrap();
    println!("{KILLS} kills, {last} events; {position} were committed before the last start");

    let mut killed = Running::<P>::start_with(directory.path(), options.clone(), &log);
    killed.reaches(last).await;
    let undisturbed_directory = TempDir::new().unwrap();
    let mut undisturbed = Running::<P>::start_with(undisturbed_directory.path(), options.clone(), &log);
    undisturbed.reaches(last).await;
    assert!(rows(&killed.view) == rows(&undisturbed.view), "the states differ");
    assert_eq!(killed.view.checkpoints().unwrap(), undisturbed.view.checkpoints().unwrap());
    undisturbed.stop().await;
    (killed, last)
}

async fn log_with_history(url: &str) -> Log {
    let log = connect(url).await;
    log.open(&"orders".parse().unwrap()).await.unwrap();
    let mut answers = Vec::new();
    for index in 0..HISTORY {
        answers.push(publish(&log, index).await);
    }
    for answer in answers {
        answer.await.unwrap();
    }
    log
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
    // Not every projection wants refunds, so none is the last.
    while !done.load(Ordering::Relaxed) || events.is_multiple_of(500) {
        assert_eq!(publish(&log, events).await.await.unwrap().last, events + 1);
        events += 1;
    }
    events
}

struct ChildProcess {
    _process: Victim,
    positions: Receiver<u64>,
}

impl ChildProcess {
    fn start(store: String, partitions: Partitioning, server: &str, data: &Path) -> Self {
        let mut command = Victim::of_test("a_child_that_builds_the_projection").unwrap();
        command.env(SERVER, server).env(DATA, data).env(STORE, store).stdout(Stdio::piped());
        if partitions != Partitioning::default() {
            command.env(PARTITIONS, partitions.to_string());
        }
        let mut process = Victim::start(&mut command).unwrap();
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
        Self { _process: process, positions }
    }

    fn next_position(&self) -> u64 {
        self.positions.recv_timeout(PATIENCE).expect("the child says how far it is")
    }

    fn reaches(self, position: u64) -> Self {
        while self.next_position() < position {}
        self
    }
}
