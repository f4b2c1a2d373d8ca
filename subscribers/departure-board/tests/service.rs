//! The service as a process: the board that it has built can be read after it has ended.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use departure_board::{Board, DepartureBoard, Status};
use flight_events::{FlightId, FlightScheduled, scheduled_departure};
use headwater_event::{Aggregate, CommandContext};
use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{Append, EventLog as _, JetStreamConfig, JetStreamLog};
use headwater_subscriber::{Projection as _, Query, View};
use jiff::SignedDuration;
use tempfile::TempDir;

async fn publish_scheduled(server: &str, flight: FlightId) {
    let client = Connection::to(server).unwrap().connect("flights").await.unwrap();
    let log = JetStreamLog::new(client, JetStreamConfig::default());
    let at = scheduled_departure(&flight);
    let event = FlightScheduled {
        flight,
        destination: "LAX".parse().unwrap(),
        scheduled_departure: at,
        scheduled_arrival: at + SignedDuration::from_hours(6),
        tail_number: None,
    };
    let envelope = CommandContext::new("schedule").envelope(&event, 0, "/flight-ops", at).unwrap();
    let aggregate = Aggregate::new("flights".parse().unwrap(), "flight", flight.to_string()).unwrap();
    log.open(aggregate.domain()).await.unwrap();
    log.append(Append { aggregate, expected: 0, events: vec![envelope] }).await.unwrap();
}

/// How many rows the running service says that it has.
fn rows(data: &Path) -> usize {
    let mut rows = 0;
    let asked = Query::default().ask(data, DepartureBoard::NAME, |_| {
        rows += 1;
        Ok(())
    });
    // It may have just begun to run.
    asked.map_or(0, |()| rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn builds_the_board_and_stops_when_asked() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let flight: FlightId = "2013-01-01-B6-9-JFK-0900".parse().unwrap();
    publish_scheduled(&server.url(), flight).await;

    let mut service = Command::new(env!("CARGO_BIN_EXE_departure-board"))
        .args(["--server", &server.url(), "--data"])
        .arg(data.path())
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while rows(data.path()) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the service is late");
        std::thread::sleep(Duration::from_millis(20));
    }
    let sent = Command::new("sh").args(["-c", &format!("kill -TERM {}", service.id())]).status().unwrap();
    assert!(sent.success());
    assert_eq!(service.wait().unwrap().code(), Some(0));

    let view = View::open(data.path(), DepartureBoard::NAME).unwrap();
    let due = scheduled_departure(&flight);
    let board = Board::read(&DepartureBoard::new(), &view, flight.origin, due).unwrap();
    let lines: Vec<_> = board.lines.iter().map(|line| (line.flight, line.status)).collect();
    assert_eq!(lines, [(flight, Status::OnTime)]);
}
