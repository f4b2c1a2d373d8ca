//! The service as a process, against a real broker and a desk that dies: each alert arrives, per flight in order.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use common::desk::{Desk, PATIENCE};
use flight_events::{FlightDeparted, FlightId, scheduled_departure};
use headwater_event::{Aggregate, CommandContext};
use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{Append, EventLog as _, JetStreamConfig, JetStreamLog};
use jiff::SignedDuration;
use serde_json::Value;
use tempfile::TempDir;

const FLIGHTS: usize = 12;

/// The service, until it is dropped.
struct Service {
    child: Child,
    address: String,
    stderr: BufReader<ChildStderr>,
}

impl Service {
    fn start(server: &str, data: &Path, webhook: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_delay-alerts"));
        command.args(["--server", server, "--webhook", webhook, "--http", "127.0.0.1:0", "--data"]).arg(data);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        for (name, _) in std::env::vars() {
            if ["NATS_", "HEADWATER_", "DELAY_ALERTS_"].iter().any(|ours| name.starts_with(ours)) {
                command.env_remove(name);
            }
        }
        let mut child = command.spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        let address = loop {
            assert!(stderr.read_line(&mut said).unwrap() > 0, "it ended: {said}");
            if let Some((_, rest)) = said.split_once("\"address\":\"") {
                break rest.split('"').next().unwrap().to_owned();
            }
        };
        Self { child, address, stderr }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Asks until the answer has this in it.
    fn comes(&self, path: &str, wanted: &str) -> String {
        let mut answer = String::new();
        until(wanted, || {
            answer = self.get(path);
            answer.contains(wanted)
        });
        answer
    }

    /// Asks it to end; returns its exit code and what it has said.
    fn ends(mut self) -> (Option<i32>, String) {
        let sent = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        assert!(sent.unwrap().success());
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "it doesn't happen that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Flights that depart, come back to the gate, and depart again.
struct Flights {
    log: JetStreamLog,
    last: BTreeMap<FlightId, u64>,
}

impl Flights {
    async fn open(server: &str) -> Self {
        let client = Connection::to(server).unwrap().connect("flights").await.unwrap();
        let log = JetStreamLog::new(client, JetStreamConfig::default());
        log.open(&"flights".parse().unwrap()).await.unwrap();
        Self { log, last: BTreeMap::new() }
    }

    /// All of them depart so late.
    async fn depart(&mut self, delay_minutes: i32) {
        for number in 1..=FLIGHTS {
            let flight: FlightId = format!("2013-01-01-UA-{number}-EWR-0515").parse().unwrap();
            let departed_at = scheduled_departure(&flight) + SignedDuration::from_mins(delay_minutes.into());
            let departed = FlightDeparted { flight, departed_at, delay_minutes };
            let command = CommandContext::new(format!("depart {flight} {delay_minutes} late"));
            let event = command.envelope(&departed, 0, "/flight-ops", departed_at).unwrap();
            let aggregate = Aggregate::new("flights".parse().unwrap(), "flight", flight.to_string()).unwrap();
            let expected = self.last.get(&flight).copied().unwrap_or(0);
            let appended =
                self.log.append(Append { aggregate, expected, events: vec![event] }).await.unwrap();
            self.last.insert(flight, appended.last);
        }
    }
}

/// What the desk has taken, by flight: how late, with which key, in the order in which it came.
fn by_flight(desk: &Desk) -> BTreeMap<String, Vec<(i64, String)>> {
    let mut by_flight: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for taken in desk.taken() {
        let flight = taken.alert["flight"].as_str().unwrap().to_owned();
        let late = taken.alert["delay_minutes"].as_i64().unwrap();
        by_flight.entry(flight).or_default().push((late, taken.key));
    }
    by_flight
}

#[tokio::test(flavor = "multi_thread")]
async fn each_alert_arrives_in_order_and_repeats_have_the_same_key_though_the_desk_dies() {
    let server = Server::start().await.unwrap();
    let data = TempDir::new().unwrap();
    let mut flights = Flights::open(&server.url()).await;
    for delay_minutes in [61, 60, 90] {
        flights.depart(delay_minutes).await;
    }
    let desk = Desk::default();
    desk.dies_at(10);
    tokio::task::block_in_place(|| {
        let living = desk.open(0);
        let (url, port) = (living.url(), living.address.port());
        let service = Service::start(&server.url(), data.path(), &url);
        until("the desk dies", || desk.is_dead());
        drop(living);
        let opened = "headwater_reactor_breaker_openings_total{reactor=\"delay-alerts\"} 1\n";
        service.comes("/metrics", opened);
        let paused = service.comes("/readyz", "HTTP/1.1 200");
        assert!(!paused.contains("\"breaker\":\"closed\""), "{paused}");
        assert_eq!(desk.taken().len(), 10);

        // What comes meanwhile waits.
        tokio::runtime::Handle::current().block_on(flights.depart(853));
        let _living = desk.open(port);
        until("all alerts arrive", || {
            let by_flight = by_flight(&desk);
            by_flight.values().filter(|alerts| alerts.iter().any(|(late, _)| *late == 853)).count() == FLIGHTS
        });
        let handled =
            format!("headwater_reactor_events_handled_total{{reactor=\"delay-alerts\"}} {}\n", 4 * FLIGHTS);
        let figures = service.comes("/metrics", &handled);
        assert!(figures.contains("headwater_reactor_letters{reactor=\"delay-alerts\"} 0\n"), "{figures}");
        service.comes("/readyz", "\"standing\":\"active\",\"breaker\":\"closed\"");
        let (code, said) = service.ends();
        assert_eq!(code, Some(0), "{said}");
        // The address may hold a secret.
        assert!(!said.contains("/alerts"), "{said}");
    });

    let mut keys = BTreeSet::new();
    for (flight, mut alerts) in by_flight(&desk) {
        // A repeat has the key of what it repeats, and comes right after it.
        alerts.dedup();
        let late: Vec<_> = alerts.iter().map(|(late, _)| *late).collect();
        assert_eq!(late, [61, 90, 853], "{flight}");
        keys.extend(alerts.into_iter().map(|(_, key)| key));
    }
    assert_eq!(keys.len(), 3 * FLIGHTS);
    let taken = desk.taken();
    assert!(taken.len() > 3 * FLIGHTS, "what the desk had taken when it died comes again");
    let first: &Value = &taken[0].alert;
    assert_eq!((&first["carrier"], &first["origin"]), (&"UA".into(), &"EWR".into()));
}

#[test]
fn help_names_the_service_s_own_options_beside_those_of_every_reactor() {
    let help = Command::new(env!("CARGO_BIN_EXE_delay-alerts")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for wanted in
        ["--webhook", "--late-minutes", "DELAY_ALERTS_WEBHOOK", "--http", "--contract-check", "  6    "]
    {
        assert!(help.contains(wanted), "{wanted}:\n{help}");
    }
}
