//! The service as a process: what it counts, how it answers, and how it ends.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod common;

use std::path::Path;
use std::process::{Output, Stdio};

use headwater_event::Envelope;
use headwater_log::testkit::Server;
use tempfile::TempDir;

use common::flights::Flights;
use common::service::{Service, command, total, wait_for_total};

/// Every line is JSON; returns the messages.
fn messages(log: &str) -> Vec<String> {
    let message = |line: &str| -> String {
        let line: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}"));
        line["fields"]["message"].as_str().unwrap_or_default().to_owned()
    };
    log.lines().map(message).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_answers_stops_and_goes_on() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let flights = Flights::open(&server.url()).await;
    flights.publish(1, 300).await;

    let service = Service::start(&server.url(), data.path());
    wait_for_total(data.path(), |total| total.departed == 300);
    flights.publish(301, 310).await;
    let counted = wait_for_total(data.path(), |total| total.departed == 310);
    let (status, log) = service.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
    let messages = messages(&log);
    assert_eq!(messages.last().unwrap(), "stopped; everything that has arrived is committed", "{log}");

    // Nothing is lost, and nobody is asked any more.
    assert_eq!(total(data.path()).unwrap(), counted);
    assert!(!data.path().join("delay-stats.sock").exists());

    flights.publish(311, 400).await;
    let service = Service::start(&server.url(), data.path());
    let counted = wait_for_total(data.path(), |total| total.departed == 400);
    assert_eq!((counted.scheduled, counted.departure_delay.count), (400, 400));
    assert_eq!(service.terminate().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_instance_starts_from_the_snapshot_that_another_one_keeps() {
    let server = Server::start().await.unwrap();
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let flights = Flights::open(&server.url()).await;
    flights.publish(1, 300).await;
    let start = |data: &Path| {
        let mut command = command(&server.url(), data);
        Service::start_with(command.args(["--snapshot-every", "1s", "--store", "fjall"]))
    };

    let mut service = start(one.path());
    let mut log = service.log_lines();
    let kept = |line: &String| line.contains("kept a snapshot") && line.contains("flights=600");
    tokio::task::spawn_blocking(move || log.find(kept)).await.unwrap().expect("a snapshot is kept");
    drop(service);

    flights.publish(301, 310).await;
    let service = start(two.path());
    let counted = wait_for_total(two.path(), |total| total.departed == 310);
    assert_eq!((counted.scheduled, counted.departure_delay.count), (310, 310));
    let (status, log) = service.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
    let begun = messages(&log);
    assert!(begun.iter().any(|message| message == "starting from a snapshot"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_cleanly_while_the_server_is_down() {
    let mut server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    Flights::open(&server.url()).await.publish(1, 5).await;
    let service = Service::start(&server.url(), data.path());
    wait_for_total(data.path(), |total| total.departed == 5);
    server.kill().await.unwrap();
    let (status, log) = service.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(total(data.path()).unwrap().departed, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_when_a_server_that_was_down_is_back() {
    let mut server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let flights = Flights::open(&server.url()).await;
    flights.publish(1, 5).await;
    let service = Service::start(&server.url(), data.path());
    wait_for_total(data.path(), |total| total.departed == 5);
    server.kill().await.unwrap();
    server.restart().await.unwrap();
    flights.publish(6, 10).await;
    wait_for_total(data.path(), |total| total.departed == 10);
    assert_eq!(service.terminate().0.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn waits_for_the_stream_and_can_be_stopped_meanwhile() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let service = Service::start(&server.url(), data.path());
    // It answers, though there is nothing to count.
    wait_for_socket(data.path());
    let (status, log) = service.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_though_its_directory_is_too_deep_for_a_socket() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let deep = data.path().join("d".repeat(120));
    Flights::open(&server.url()).await.publish(1, 5).await;
    // Nobody can ask it, but it says what its snapshots have.
    let mut service = Service::start_with(command(&server.url(), &deep).args(["--snapshot-every", "1s"]));
    let mut lines = service.log_lines();
    let kept = |line: &String| line.contains("kept a snapshot") && line.contains("flights=10");
    let log = tokio::task::spawn_blocking(move || {
        let mut log = Vec::new();
        while log.last().is_none_or(|line| !kept(line)) {
            log.push(lines.next().expect("it says so before it ends"));
        }
        // The other end of what it says stays open.
        (log.join("\n"), lines)
    });
    let (log, _lines) = log.await.unwrap();
    assert!(messages(&log).contains(&"nobody can ask the projection while it runs".to_owned()), "{log}");
    assert!(log.contains("name a shorter directory with --data"), "{log}");
    assert_eq!(service.terminate().0.code(), Some(0));
    assert_eq!(total(&deep).unwrap().departed, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn halts_at_an_event_that_it_can_not_apply() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let flights = Flights::open(&server.url()).await;
    flights.publish(1, 1).await;
    let bad = Envelope::builder("bad", "/elsewhere", "dev.headwater.flights.flight.departed.v2")
        .subject("no flight")
        .json("{}", "urn:headwater:schema:bad")
        .build()
        .unwrap();
    flights.append("no flight", vec![bad]).await;
    let (status, log) = Service::start(&server.url(), data.path()).ends();
    assert_eq!(status.code(), Some(1), "{log}");
    let line = log.lines().last().unwrap();
    let begin = "error: the projection delay-stats has halted in front of sequence 3 of the stream EVT_flights, the event \"bad\" of /elsewhere: ";
    assert!(line.starts_with(begin), "{log}");
    assert_eq!(total(data.path()).unwrap().departed, 1);
}

#[test]
fn says_in_one_line_that_the_server_can_not_be_reached() {
    let data = TempDir::new().unwrap();
    // Nobody listens on the port that is reserved for that.
    let output =
        command("nats://127.0.0.1:1", data.path()).args(["--connect-timeout", "1"]).output().unwrap();
    let Output { status, stdout, stderr } = output;
    let line = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(5), "{line}");
    assert_eq!((line.lines().count(), stdout.len()), (1, 0), "{line}");
    assert!(line.starts_with("error: ") && line.contains("127.0.0.1:1"), "{line}");
}

#[test]
fn says_that_another_process_builds_the_projection() {
    let data = TempDir::new().unwrap();
    let _first = headwater_subscriber::Projector::<delay_stats::DelayStats>::open(data.path()).unwrap();
    let output = command("nats://127.0.0.1:1", data.path()).stdout(Stdio::null()).output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(line.contains("is in use by another process"), "{line}");
}

/// The build's socket is there as soon as the service can be asked.
fn wait_for_socket(data: &Path) {
    let is_socket = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.is_ok_and(|entry| entry.path().extension().is_some_and(|extension| extension == "sock"))
    };
    let begun = std::time::Instant::now();
    while !std::fs::read_dir(data.join("delay-stats")).is_ok_and(|mut entries| entries.any(is_socket)) {
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "the service is late");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
