//! The service beside others that are running: it announces itself, and doesn't start beside what it can't read.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use headwater_log::service::{Announced, Announcement, Connection, ContractCheck, Contracts};
use headwater_log::testkit::Server;
use serde_json::json;
use tempfile::TempDir;

use common::service::{Service, command};

async fn contracts(server: &Server) -> Contracts {
    let (client, denials) = Connection::to(&server.url()).unwrap().connect_watched("test").await.unwrap();
    Contracts::new(client, denials)
}

/// A publisher that runs, and writes delays as this type.
async fn running_publisher(server: &Server, delay: &str) -> Announced {
    let announcement = json!({
        "format": 1,
        "service": "flight-ops",
        "version": "9.0.0",
        "instance": "p1",
        "started_at": "2026-03-01T12:00:00Z",
        "contract": { "path": "flight-ops/contract.toml", "text": "" },
        "publishes": ["flights.flight.departed@2"],
        "schemas": [{ "event": "flights.flight.departed@2", "serialize": {
            "type": "object",
            "properties": {
                "flight": { "type": "string", "pattern": "^2013-01-01-UA-1-EWR-0515$" },
                "departed_at": { "type": "string", "format": "date-time" },
                "delay_minutes": { "type": delay, "format": "int32", "minimum": 0, "maximum": 9 },
            },
            "required": ["flight", "departed_at", "delay_minutes"],
        }}],
    });
    let announcement = Announcement::from_json(announcement.to_string().as_bytes()).unwrap();
    contracts(server).await.announce(announcement, ContractCheck::Refuse).await.unwrap()
}

async fn wait_until_running(contracts: &Contracts, wanted: &[&str]) {
    let begun = Instant::now();
    loop {
        let running = contracts.running().await.unwrap();
        let services: Vec<_> = running.services.iter().map(|found| &*found.announcement.service).collect();
        if services == wanted {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{services:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn announces_itself_while_it_runs() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let contracts = contracts(&server).await;
    // Without the domain's stream there is nothing to follow.
    common::flights::Flights::open(&server.url()).await;
    let service = Service::start(&server.url(), data.path());
    wait_until_running(&contracts, &["delay-stats"]).await;
    let running = contracts.running().await.unwrap();
    let said = &running.services[0].announcement;
    assert_eq!((said.version.as_str(), said.subscribes.len()), (env!("CARGO_PKG_VERSION"), 5));
    // It reads version 1 as well, and says so.
    let read: Vec<_> = said.schemas.iter().map(|schema| schema.event.to_string()).collect();
    assert!(read.contains(&"flights.flight.departed@1".to_owned()), "{read:?}");

    let (status, log) = service.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
    wait_until_running(&contracts, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_to_start_beside_a_publisher_that_it_can_not_read() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let _publisher = running_publisher(&server, "string").await;
    let (status, log) = Service::start(&server.url(), data.path()).ends();
    assert_eq!(status.code(), Some(6), "{log}");
    for wanted in [
        "error[HW0301]: delay-stats 0.1.0 can't read every flights.flight.departed@2 that the running flight-ops 9.0.0 \
         publishes",
        "--> delay-stats/contract.toml:7:1",
        "/delay_minutes",
        "flight-ops 9.0.0 is running as instance p1, since 2026-03-01T12:00:00Z",
    ] {
        assert!(log.contains(wanted), "{wanted}:\n{log}");
    }
    assert_eq!(
        log.lines().last().unwrap(),
        "error: delay-stats doesn't fit the services that are running, and was not started; change what is said above, or \
         start it all the same with --contract-check warn"
    );

    // Told to warn, it starts all the same.
    let mut warned = command(&server.url(), data.path());
    let mut warned = warned.args(["--contract-check", "warn"]).stderr(Stdio::null()).spawn().unwrap();
    wait_until_running(&contracts(&server).await, &["delay-stats", "flight-ops"]).await;
    warned.kill().unwrap();
    warned.wait().unwrap();
}

#[test]
fn can_be_stopped_while_nobody_answers_its_announcement() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", silent.local_addr().unwrap());
    let data = TempDir::new().unwrap();
    let service = Service::start(&url, data.path());
    let mut connection = BufReader::new(silent.accept().unwrap().0);
    let info = json!({
        "server_id": "S", "server_name": "S", "version": "2.15.1", "go": "", "host": "127.0.0.1", "port": 4222,
        "headers": true, "max_payload": 1 << 20, "proto": 1, "jetstream": true,
    });
    write!(connection.get_mut(), "INFO {info}\r\n").unwrap();
    // It looks as if all was well, until something is asked.
    let mut line = String::new();
    while !line.contains("STREAM.INFO.KV_HEADWATER_CONTRACTS") {
        line.clear();
        assert!(connection.read_line(&mut line).unwrap() > 0, "it has closed the connection");
        if line.starts_with("PING") {
            write!(connection.get_mut(), "PONG\r\n").unwrap();
        }
    }
    let (status, log) = service.terminate();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("stopped before its contract was announced"), "{log}");
}

#[test]
fn help_names_the_exit_code_and_what_can_be_done() {
    let data = TempDir::new().unwrap();
    let help = command("nats://127.0.0.1:1", data.path()).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for wanted in [
        "  6    not started: it doesn't fit the services that are running",
        "--contract-check",
        "HEADWATER_CONTRACT_CHECK",
    ] {
        assert!(help.contains(wanted), "{wanted}:\n{help}");
    }
}
