//! The service beside a reader that could not read what it publishes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::process::{Command, Stdio};

use headwater_log::service::{Announcement, Connection, ContractCheck, Contracts};
use headwater_log::testkit::Server;
use headwater_log::{EventLog as _, JetStreamConfig, JetStreamLog};

const READER: &str = r#"{
    "format": 1, "service": "board", "version": "0.3.0", "instance": "b1", "started_at": "2026-03-01T12:00:00Z",
    "contract": { "path": "board/contract.toml", "text": "" },
    "subscribes": ["flights.flight.cancelled@1", "flights.flight.departed@1"],
    "schemas": [
        { "event": "flights.flight.cancelled@1", "deserialize": { "type": "object" } },
        { "event": "flights.flight.departed@1", "deserialize": { "type": "object" } }
    ]
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn publishes_nothing_that_a_running_reader_is_too_old_for() {
    let server = Server::start().await.unwrap();
    let (client, denials) = Connection::to(&server.url()).unwrap().connect_watched("test").await.unwrap();
    let reader = Announcement::from_json(READER.as_bytes()).unwrap();
    let contracts = Contracts::new(client.clone(), denials);
    let _reader = contracts.announce(reader, ContractCheck::Refuse).await.unwrap();

    let output = Command::new(env!("CARGO_BIN_EXE_flight-ops"))
        .args(["--server", &server.url(), "--log-format", "json"])
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(6), "{stderr}");
    for wanted in [
        "error[HW0102]: flight-ops 0.1.0 publishes flights.flight.departed@2, and the running board 0.3.0 reads @1 at \
         most",
        "--> flight-ops/contract.toml:8:1",
        "a board that subscribes to @2 and upcasts @1 reads both; deploy that one first",
    ] {
        assert!(stderr.contains(wanted), "{wanted}:\n{stderr}");
    }
    assert_eq!(stderr.matches("error[").count(), 1, "{stderr}");
    let log = JetStreamLog::new(client, JetStreamConfig::default());
    assert!(log.info(&"flights".parse().unwrap()).await.is_err(), "it has made its stream");
    assert_eq!(contracts.running().await.unwrap().services.len(), 1);
}
