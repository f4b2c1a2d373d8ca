//! What operators do about what a reactor couldn't do.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{JetStreamConfig, JetStreamLog};
use headwater_subscriber::{
    Effect, React, ReactError, Reactor, ReactorHealth, ReactorOptions, ReactorRunner, Recorded,
};
use tempfile::TempDir;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::command::{Ran, headwater};
use crate::orders::{self, OrderPaid, OrderPlaced};

/// Refuses everything about order 7 until it is mended.
#[derive(Reactor)]
#[reactor(name = "receipts", version = 2, handles(OrderPlaced, OrderPaid))]
struct Receipts {
    is_mended: Arc<AtomicBool>,
}

impl Receipts {
    fn send(&self, order: &str) -> Result<(), ReactError> {
        if order == "7" && !self.is_mended.load(Ordering::SeqCst) {
            return Err(ReactError::refused("there is no such address"));
        }
        Ok(())
    }
}

impl React<OrderPlaced> for Receipts {
    async fn react(&self, event: &Recorded<'_, OrderPlaced>, _: &Effect) -> Result<(), ReactError> {
        self.send(&event.data.order)
    }
}

impl React<OrderPaid> for Receipts {
    async fn react(&self, event: &Recorded<'_, OrderPaid>, _: &Effect) -> Result<(), ReactError> {
        self.send(&event.data.order)
    }
}

fn run(server: &Server, arguments: &[&str]) -> Ran {
    headwater([&["--server", &server.url()], arguments].concat())
        .env("USER", "grace")
        .output()
        .unwrap()
        .into()
}

/// Runs the reactor until it is as it should be.
async fn react(server: &Server, data: &TempDir, mended: bool, is: impl Fn(&ReactorHealth) -> bool) {
    let client = Connection::to(&server.url()).unwrap().connect("receipts").await.unwrap();
    let log = Arc::new(JetStreamLog::new(client, JetStreamConfig::default()));
    let reactor = Receipts { is_mended: Arc::new(AtomicBool::new(mended)) };
    let options = ReactorOptions { asks_every: Duration::from_millis(50), ..ReactorOptions::default() };
    let runner = ReactorRunner::open(reactor, options, data.path()).unwrap();
    let (status, stop) = (runner.status(), CancellationToken::new());
    let running = tokio::spawn(runner.run(log, stop.clone()));
    let well = async {
        while !is(&status.health()) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(60), well).await.unwrap();
    stop.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_parked_is_listed_shown_re_driven_and_discarded() {
    let (server, data) = (Server::start().await.unwrap(), TempDir::new().unwrap());
    let client = Connection::to(&server.url()).unwrap().connect("shop").await.unwrap();
    orders::store_three_events(&JetStreamLog::new(client, JetStreamConfig::default())).await;
    assert_eq!(run(&server, &["dead-letter", "ls", "--format", "json"]).done().trim(), "[]");
    let nothing = run(&server, &["dead-letter", "redrive", "receipts"]).failed(1);
    assert!(nothing.contains("receipts has parked nothing"), "{nothing}");
    react(&server, &data, false, |health| health.letters == 2 && health.handled == 1).await;

    let table = run(&server, &["dead-letter", "ls"]).done();
    let lines: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0], ["REACTOR", "KEY", "SEQUENCE", "REASON", "ATTEMPTS", "PARKED", "ERROR"]);
    assert_eq!(lines[1][..5], ["receipts", "orders.order.7", "1", "refused", "1"]);
    assert!(table.lines().nth(1).unwrap().ends_with("there is no such address"), "{table}");
    assert_eq!(lines[2][..6], ["receipts", "orders.order.7", "2", "waits", "behind", "1"]);
    let json = run(&server, &["dead-letter", "ls", "receipts", "--format", "json"]).done();
    let letters: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&letters[0]["sequence"], &letters[0]["reason"]["kind"]), (&1.into(), &"refused".into()));
    assert_eq!(letters[1]["reason"]["behind"], 1);

    let shown = run(&server, &["dead-letter", "show", "receipts", "orders.order.7"]).done();
    for words in
        ["orders.order.7 at sequence 1 of EVT_orders", "because    there is no such address", "version 2"]
    {
        assert!(shown.contains(words), "{words:?} is missing in:\n{shown}");
    }

    let discarded = run(
        &server,
        &["dead-letter", "discard", "receipts", "orders.order.7", "1", "--reason", "sent by hand"],
    );
    assert!(discarded.done().contains("asked receipts to discard sequence 1"));
    let absent =
        run(&server, &["dead-letter", "discard", "receipts", "orders.order.7", "3", "--reason", "none"])
            .failed(1);
    assert!(absent.contains("parked nothing at sequence 3"), "{absent}");
    let asked = run(&server, &["dead-letter", "redrive", "receipts", "orders.order.7"]).done();
    assert!(asked.contains("re-drive 2 letters"), "{asked}");
    react(&server, &data, true, |health| health.letters == 0 && health.redriven == 1).await;
    assert_eq!(run(&server, &["dead-letter", "ls", "--format", "json"]).done().trim(), "[]");
    let kept = run(&server, &["dead-letter", "show", "receipts", "--format", "json"]).done();
    let kept: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(
        (&kept[0]["state"], &kept[0]["why"], &kept[0]["by"]),
        (&"discarded".into(), &"sent by hand".into(), &"grace".into())
    );
}
