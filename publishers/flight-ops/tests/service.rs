//! The service as an operator sees it: a process with options, signals, an exit code and lines on standard error.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use headwater_event::Domain;
use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{EventLog as _, JetStreamConfig, JetStreamLog};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// The events of the week that is built in.
const WEEK: u64 = 18_262;

/// How long anything may take that must happen, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long the end may take after a signal: a fraction of what is left to publish.
const PROMPTLY: Duration = Duration::from_secs(10);

fn flight_ops(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flight-ops"));
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    for variable in std::env::vars().map(|(name, _)| name) {
        if variable.starts_with("NATS_") || variable.starts_with("HEADWATER_") {
            command.env_remove(variable);
        }
    }
    command
}

/// How a run has ended.
struct Ended {
    code: Option<i32>,
    stderr: String,
}

impl Ended {
    /// A figure of the line that sums the run up.
    fn figure(&self, name: &str) -> u64 {
        let (_, rest) =
            self.stderr.rsplit_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{}", self.stderr));
        rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
    }
}

async fn end_of(child: Child) -> Ended {
    let output = timeout(PATIENCE, child.wait_with_output()).await.expect("it doesn't end").unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "events and logs aren't for standard output");
    Ended { code: output.status.code(), stderr: String::from_utf8(output.stderr).unwrap() }
}

async fn run(arguments: &[&str]) -> Ended {
    end_of(flight_ops(arguments).spawn().unwrap()).await
}

/// A broker, and the log on it.
struct Broker {
    server: Server,
    log: JetStreamLog,
    flights: Domain,
}

impl Broker {
    async fn start() -> Self {
        let server = Server::start().await.unwrap();
        let client = Connection::to(&server.url()).unwrap().connect("flight-ops-tests").await.unwrap();
        let log = JetStreamLog::new(client, JetStreamConfig::default());
        let flights: Domain = "flights".parse().unwrap();
        log.open(&flights).await.unwrap();
        Self { server, log, flights }
    }

    async fn last(&self) -> u64 {
        self.log.info(&self.flights).await.unwrap().last
    }

    /// Starts the service, slowly, and returns when it is busy.
    async fn start_publishing(&self) -> Child {
        let child = flight_ops(&["--server", &self.server.url(), "--rate", "500"]).spawn().unwrap();
        let busy = async {
            while self.last().await < 300 {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(PATIENCE, busy).await.expect("nothing is published");
        child
    }

    /// Starts the service again, when at least so many events are stored, and lets it publish the rest.
    async fn publishes_the_rest(&self, stored: u64) {
        let ended = run(&["--server", &self.server.url()]).await;
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let repeated = ended.figure("repeated");
        // What was on its way when the service was killed may have been stored after that.
        assert!((stored..=WEEK).contains(&repeated), "{repeated} of {stored}");
        assert_eq!(ended.figure("published"), WEEK - repeated);
        assert!(!ended.stderr.contains("WARN"), "{}", ended.stderr);

        let events = self.log.read(&self.flights, 1, usize::MAX).await.unwrap();
        assert_eq!(events.len() as u64, WEEK);
        let ids: HashSet<_> = events.iter().map(|event| event.envelope.id()).collect();
        assert_eq!(ids.len() as u64, WEEK, "an event is stored twice");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stops_when_it_is_asked_to_and_goes_on_where_it_stopped() {
    let broker = Broker::start().await;
    let child = broker.start_publishing().await;
    let signal =
        Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id().unwrap())]).status().await;
    assert!(signal.unwrap().success());
    let asked = Instant::now();
    let ended = end_of(child).await;
    assert!(asked.elapsed() < PROMPTLY, "{:?}", asked.elapsed());
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stderr.contains("stopped; start again to go on"), "{}", ended.stderr);

    let stored = broker.last().await;
    assert_eq!(ended.figure("published"), stored, "what was sent is stored");
    assert!((300..WEEK).contains(&stored), "{stored}");
    broker.publishes_the_rest(stored).await;
    // And once more, when there is nothing left to do.
    broker.publishes_the_rest(WEEK).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goes_on_after_it_was_killed() {
    let broker = Broker::start().await;
    let mut child = broker.start_publishing().await;
    child.kill().await.unwrap();
    let stored = broker.last().await;
    assert!((300..WEEK).contains(&stored), "{stored}");
    broker.publishes_the_rest(stored).await;
}

#[tokio::test]
async fn a_server_that_cannot_be_reached_is_one_line_and_an_exit_code_of_its_own() {
    let ended = run(&["--server", "nats://127.0.0.1:1", "--connect-timeout", "0.3"]).await;
    assert_eq!(ended.code, Some(5));
    assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
    assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains("127.0.0.1:1"), "{}", ended.stderr);
}

#[tokio::test]
async fn records_that_are_not_there_are_a_wrong_option() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("airports.csv"), "wrong,header\n").unwrap();
    // The server isn't there either, but what is wrong with the options is said first.
    for (records, wrong) in
        [("/nope", "/nope/airports.csv"), (directory.path().to_str().unwrap(), "no column")]
    {
        let ended = run(&["--server", "nats://127.0.0.1:1", "--records", records]).await;
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert_eq!(ended.stderr.lines().count(), 1, "{}", ended.stderr);
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(wrong), "{}", ended.stderr);
    }
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_named_and_the_others_are_published() {
    let directory = tempfile::tempdir().unwrap();
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("records");
    fs::copy(built_in.join("airports.csv"), directory.path().join("airports.csv")).unwrap();
    let flights = fs::read_to_string(built_in.join("flights.csv")).unwrap();
    let mut lines: Vec<_> = flights.lines().take(11).map(str::to_owned).collect();
    lines[3] = lines[3].replace("2013,1,1,", "2013,13,1,");
    lines[6].push_str(",one too many");
    fs::write(directory.path().join("flights.csv"), lines.join("\n")).unwrap();

    let server = Server::start().await.unwrap();
    let ended = run(&["--server", &server.url(), "--records", directory.path().to_str().unwrap()]).await;
    assert_eq!(ended.code, Some(3), "{}", ended.stderr);
    for row in ["flights.csv:4", "flights.csv:7"] {
        assert!(ended.stderr.contains(row), "{row} isn't named: {}", ended.stderr);
    }
    assert_eq!((ended.figure("published"), ended.figure("rows_skipped")), (8 * 3, 2));
}

#[tokio::test]
async fn a_rate_that_makes_no_sense_is_a_wrong_option() {
    let ended = run(&["--rate", "0"]).await;
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("a rate is between"), "{}", ended.stderr);
}
