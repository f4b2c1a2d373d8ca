//! The service as a process that answers over HTTP: the board for travellers, and what happens when something ends.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use common::{JFK_0900, at, flight};
use flight_events::{FlightDeparted, FlightEvent, FlightScheduled, scheduled_departure};
use headwater_event::{Aggregate, CommandContext, EventSet};
use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{Append, EventLog as _, JetStreamConfig, JetStreamLog};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long anything may take that must happen, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The service, until it is dropped.
struct Service {
    child: Child,
    address: String,
    stderr: BufReader<ChildStderr>,
}

impl Service {
    fn start(server: &str, data: &Path, args: &[&str]) -> Self {
        let mut child = command(server, data).args(["--http", "127.0.0.1:0"]).args(args).spawn().unwrap();
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

    fn signal(&self, signal: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{signal} {}", self.child.id())]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end; returns its exit code and what it has said since.
    fn ends(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }

    fn get(&self, path: &str) -> Answer {
        get(&self.address, path).expect("the connection ends without an answer")
    }

    /// Asks until the answer is as it should be.
    fn comes(&self, path: &str, wanted: impl Fn(&Answer) -> bool) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get(path);
            if wanted(&answer) {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "it doesn't come: {answer:?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(server: &str, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_departure-board"));
    command.args(["--server", server, "--data"]).arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    for (name, _) in std::env::vars() {
        if name.starts_with("NATS_") || name.starts_with("HEADWATER_") {
            command.env_remove(name);
        }
    }
    command
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{self:?}"))
    }
}

/// The answer; `None` when the connection ends without one.
fn get(address: &str, path: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Answer { status, head: head.to_owned(), body: body.to_owned() })
}

fn scheduled(name: &str) -> FlightEvent {
    let (flight, due) = (flight(name), scheduled_departure(&flight(name)));
    FlightEvent::from(FlightScheduled {
        flight,
        destination: "LAX".parse().unwrap(),
        scheduled_departure: due,
        scheduled_arrival: due + SignedDuration::from_hours(6),
        tail_number: None,
    })
}

fn departed(name: &str, time: &str) -> FlightEvent {
    FlightEvent::from(FlightDeparted { flight: flight(name), departed_at: at(time), delay_minutes: 0 })
}

/// Stores an event that happens at `time`, as the flight's first or second one.
async fn publish(server: &str, event: FlightEvent, expected: u64, time: &str) -> u64 {
    let client = Connection::to(server).unwrap().connect("flights").await.unwrap();
    let log = JetStreamLog::new(client, JetStreamConfig::default());
    let key = event.key().to_string();
    let envelope =
        CommandContext::new(format!("{key} {time}")).envelope(&event, 0, "/flight-ops", at(time)).unwrap();
    let aggregate = Aggregate::new("flights".parse().unwrap(), "flight", key).unwrap();
    log.open(aggregate.domain()).await.unwrap();
    log.append(Append { aggregate, expected, events: vec![envelope] }).await.unwrap().last
}

#[tokio::test(flavor = "multi_thread")]
async fn a_traveller_sees_the_board_by_the_feeds_own_clock() {
    let (server, data) = (Server::start().await.unwrap(), TempDir::new().unwrap());
    let service = Service::start(&server.url(), data.path(), &[]);
    let waiting = service.get("/");
    assert!(waiting.status == 200 && waiting.body.contains("Waiting for the first event"), "{waiting:?}");
    assert_eq!(service.get("/v1/board/JFK").status, 503);
    publish(&server.url(), scheduled(JFK_0900), 0, "2013-01-01T12:30Z").await;
    let board = service.get("/v1/board/JFK?min_position=flights:1&timeout=30s");
    let line = json!({
        "flight": JFK_0900, "destination": "LAX", "scheduled_departure": "2013-01-01T14:00:00Z", "status": "on_time",
    });
    let expected = json!({ "airport": "JFK", "at": "2013-01-01T12:30:00Z", "lines": [line] });
    assert_eq!((board.status, board.json()), (200, expected));
    assert!(board.head.contains("headwater-position: flights=1"), "{}", board.head);

    let second =
        publish(&server.url(), departed(JFK_0900, "2013-01-01T14:02Z"), 1, "2013-01-01T14:02Z").await;
    service.get(&format!("/v1?min_position={second}"));
    let page = service.comes("/", |page| page.body.contains("Departed 09:02"));
    for part in [
        "<html lang=\"en\">",
        "Los Angeles",
        "B6 9",
        ">09:00</time>",
        "JetBlue Airways",
        "Tuesday, </span>1 January 2013",
    ] {
        assert!(page.body.contains(part), "no {part} in {}", page.body);
    }
    assert!(
        page.head.contains("content-security-policy: default-src 'none'; style-src 'self'"),
        "{}",
        page.head
    );
    // Nothing comes from elsewhere, nothing runs in the page, and it does without scripts.
    for named in page.body.split("src=\"").skip(1).chain(page.body.split("href=\"").skip(1)) {
        assert!(
            named.starts_with('/') && !named.starts_with("//") || named.starts_with("data:"),
            "{named:.40}"
        );
    }
    assert!(!page.body.contains("style=") && !page.body.contains("onclick"));
    assert!(page.body.contains("<noscript><meta http-equiv=\"refresh\" content=\"30\"></noscript>"));

    // A moment by New York's clocks: nothing is known that comes later, and the page stays as it is.
    let then = service.get("/?airport=JFK&at=2013-01-01T09:01");
    assert!(then.body.contains("Delayed") && !then.body.contains("Departed 09:02"), "{}", then.body);
    assert!(!then.body.contains("board.js") && then.body.contains("Back to now"));
    let then = service.get("/v1/board/JFK?at=2013-01-01T09:01").json();
    assert_eq!(
        (&then["at"], &then["lines"][0]["status"]),
        (&json!("2013-01-01T14:01:00Z"), &json!("delayed"))
    );

    for (path, status) in [
        ("/v1/board/LAX", 404),
        ("/?airport=%3Cscript%3E", 404),
        ("/?at=soon", 400),
        ("/v1/board/JFK?at=soon", 400),
        ("/?at=1&at=2", 400),
        ("/board.css", 200),
        ("/board.js", 200),
        ("/nowhere", 404),
    ] {
        let answer = service.get(path);
        assert!(answer.status == status, "{path}: {answer:?}");
        assert!(status < 400 || answer.head.contains("application/problem+json"), "{path}: {answer:?}");
    }
    // Another process knows the feed's time before the next event comes.
    service.signal("TERM");
    assert_eq!(service.ends().0, Some(0));
    let service = Service::start(&server.url(), data.path(), &[]);
    let board = service.comes("/v1/board/JFK", |board| board.status == 200).json();
    assert_eq!(board["at"], "2013-01-01T14:02:00Z");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_or_listens_when_the_process_is_killed_is_not_left_waiting() {
    let (server, data) = (Server::start().await.unwrap(), TempDir::new().unwrap());
    publish(&server.url(), scheduled(JFK_0900), 0, "2013-01-01T12:30Z").await;
    let service = Service::start(&server.url(), data.path(), &[]);
    service.comes("/readyz", |answer| answer.status == 200);
    let asking = |path: &'static str| {
        let address = service.address.clone();
        std::thread::spawn(move || get(&address, path))
    };
    let waiting = asking("/v1/tables/flights/count?min_position=2&timeout=30s");
    let listening = asking("/v1/changes");
    service.comes("/metrics", |metrics| {
        metrics.body.contains("headwater_http_listeners{projection=\"departure-board\"} 1")
    });
    service.signal("KILL");
    assert!(waiting.join().unwrap().is_none());
    // What was told is there, and then the connection has ended.
    assert!(listening.join().unwrap().is_none_or(|answer| answer.body.contains("event: begin")));
    drop(service);
    let service = Service::start(&server.url(), data.path(), &[]);
    publish(&server.url(), scheduled("2013-01-01-B6-1-JFK-0930"), 0, "2013-01-01T12:31Z").await;
    let count = service.get("/v1/tables/flights/count?min_position=2&timeout=30s");
    assert_eq!(count.json()["count"], 2, "{count:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_halted_board_is_still_shown_until_it_is_asked_to_stop() {
    let (server, data) = (Server::start().await.unwrap(), TempDir::new().unwrap());
    publish(&server.url(), scheduled(JFK_0900), 0, "2013-01-01T12:30Z").await;
    let service = Service::start(&server.url(), data.path(), &[]);
    service.comes("/readyz", |answer| answer.status == 200);
    let never_scheduled = departed("2013-01-01-AA-1-LGA-0900", "2013-01-01T14:00Z");
    publish(&server.url(), never_scheduled, 0, "2013-01-01T14:00Z").await;
    let halted = service.comes("/readyz", |answer| answer.status == 503);
    assert!(halted.body.contains("was never scheduled"), "{halted:?}");
    assert_eq!(service.get("/livez").status, 200);
    assert!(service.get("/?airport=JFK").body.contains("Los Angeles"));
    service.signal("TERM");
    let (code, said) = service.ends();
    assert!(code == Some(1) && said.contains("has halted in front of sequence 2"), "{code:?}: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn is_not_ready_when_the_broker_has_been_away_for_too_long() {
    let (server, data) = (Server::start().await.unwrap(), TempDir::new().unwrap());
    publish(&server.url(), scheduled(JFK_0900), 0, "2013-01-01T12:30Z").await;
    let service = Service::start(&server.url(), data.path(), &["--ready-lag-seconds", "1"]);
    // Ready is also what is late by less than a second.
    assert_eq!(service.get("/v1?min_position=flights:1&timeout=30s").status, 200);
    service.comes("/readyz", |answer| answer.status == 200);
    drop(server);
    let away = service.comes("/readyz", |answer| answer.status == 503);
    assert!(away.body.contains("or not known for so long"), "{away:?}");
    // What it has can be read.
    assert_eq!(service.get("/v1/tables/flights/count").json()["count"], 1);
    service.signal("TERM");
    assert_eq!(service.ends().0, Some(0));
}

/// The partitions that an instance says are here, and how many it has heard of elsewhere.
fn partitions(service: &Service) -> (usize, Vec<Option<String>>) {
    let told = service.get("/v1").json()["partitions"].clone();
    let elsewhere = told["elsewhere"].as_array().unwrap().iter();
    let urls = elsewhere.map(|other| other["url"].as_str().map(str::to_owned));
    (told["here"].as_array().unwrap().len(), urls.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn instances_that_share_the_board_say_where_the_rest_is_and_take_over_from_each_other() {
    let server = Server::start().await.unwrap();
    for number in 0..20 {
        let name = format!("2013-01-01-B6-{}-JFK-0900", number + 1);
        publish(&server.url(), scheduled(&name), 0, "2013-01-01T12:30Z").await;
    }
    let start = |data: &TempDir, url| {
        let share = ["--partitions", "4", "--share", "--lease-time", "1500ms", "--advertise", url];
        Service::start(&server.url(), data.path(), &share)
    };
    let data = [TempDir::new().unwrap(), TempDir::new().unwrap()];
    let ada = start(&data[0], "http://ada");
    ada.comes("/v1/tables/flights/count?min_position=20&timeout=30s", |answer| {
        answer.status == 200 && answer.json()["count"] == 20
    });
    ada.comes("/readyz", |answer| answer.status == 200);
    let ben = start(&data[1], "http://ben");
    let shares = |service: &Service, other: &str| {
        let (here, elsewhere) = partitions(service);
        here == 2 && elsewhere == [Some(other.to_owned()), Some(other.to_owned())]
    };
    let begun = Instant::now();
    while !(shares(&ada, "http://ben") && shares(&ben, "http://ada")) {
        let parts = (partitions(&ada), partitions(&ben));
        assert!(begun.elapsed() < PATIENCE, "they don't share: {parts:?}");
        std::thread::sleep(Duration::from_millis(20));
    }

    // Nobody passes a part off as all.
    let ask = |service: &Service, path: &str| {
        let separator = if path.contains('?') { '&' } else { '?' };
        let (all, here) = (service.get(path), service.get(&format!("{path}{separator}partitions=here")));
        assert_eq!(all.status, 421, "{all:?}");
        assert_eq!(all.json()["partitions"]["elsewhere"].as_array().unwrap().len(), 2);
        let part =
            here.head.split("headwater-partitions: ").nth(1).and_then(|part| part.split("\r\n").next());
        assert!(part.is_some_and(|part| part.len() == 5 && part.ends_with("/4")), "{}", here.head);
        here
    };
    let count = "/v1/tables/flights/count?min_position=20&timeout=30s";
    let counts = [&ada, &ben].map(|service| ask(service, count).json()["count"].as_u64().unwrap());
    assert!(counts[0] + counts[1] == 20 && counts.iter().all(|count| *count > 0), "{counts:?}");
    let rows = [&ada, &ben].map(|service| ask(service, "/v1/tables/flights/rows").json()["rows"].clone());
    let rows: Vec<_> = rows.iter().flat_map(|rows| rows.as_array().unwrap()).collect();
    assert_eq!(rows.len(), 20);
    assert_eq!(ada.get("/v1/changes").status, 421);
    assert_eq!(ada.get("/v1/board/JFK?at=2013-01-01T13:00Z").status, 421);
    let mut found = [0, 0];
    for row in &rows {
        let path = format!("/v1/tables/flights/rows/{}", row["key"].as_str().unwrap());
        match (ada.get(&path).status, ben.get(&path).status) {
            (200, 421) => found[0] += 1,
            (421, 200) => found[1] += 1,
            other => panic!("{path}: {other:?}"),
        }
    }
    assert_eq!(found, counts);
    let figure = "headwater_projection_partitions{projection=\"departure-board\"} 2\n";
    assert!(ada.get("/metrics").body.contains(figure));

    // Nobody else can have the same directory.
    let mut other = command(&server.url(), data[1].path());
    let other = other.args(["--partitions", "4", "--share"]).output().unwrap();
    let said = String::from_utf8(other.stderr).unwrap();
    assert!(other.status.code() != Some(0) && said.contains("in use by another process"), "{said}");

    // The one that is left has all of it within seconds, whether the other one is killed or stopped.
    drop(ben);
    publish(&server.url(), scheduled("2013-01-01-B6-21-JFK-0900"), 0, "2013-01-01T12:30Z").await;
    ada.comes("/v1/tables/flights/count", |answer| answer.status == 200 && answer.json()["count"] == 21);
    let ben = start(&data[1], "http://ben");
    let begun = Instant::now();
    while !shares(&ben, "http://ada") {
        assert!(begun.elapsed() < PATIENCE, "it doesn't come back: {:?}", partitions(&ben));
        std::thread::sleep(Duration::from_millis(20));
    }
    ada.signal("TERM");
    assert_eq!(ada.ends().0, Some(0));
    ben.comes("/v1/tables/flights/count?min_position=21&timeout=30s", |answer| {
        answer.status == 200 && answer.json()["count"] == 21
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_a_partition_is_ready_and_behind_nothing_and_takes_over() {
    let server = Server::start().await.unwrap();
    for number in 0..20 {
        let name = format!("2013-01-01-B6-{}-JFK-0900", number + 1);
        publish(&server.url(), scheduled(&name), 0, "2013-01-01T12:30Z").await;
    }
    let data = [(); 3].map(|()| TempDir::new().unwrap());
    let share = ["--partitions", "2", "--share", "--lease-time", "1500ms", "--ready-lag-events", "0"];
    let mut instances: Vec<_> =
        data.iter().map(|data| Service::start(&server.url(), data.path(), &share)).collect();
    let begun = Instant::now();
    let standby = loop {
        let parts: Vec<_> = instances.iter().map(partitions).collect();
        let here: Vec<_> = parts.iter().map(|(here, _)| *here).collect();
        match here.iter().position(|here| *here == 0) {
            Some(standby) if here.iter().sum::<usize>() == 2 && here.iter().all(|here| *here < 2) => {
                break instances.remove(standby);
            }
            _ => assert!(begun.elapsed() < PATIENCE, "they don't share: {parts:?}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    instances[0].comes("/readyz", |answer| answer.status == 200);
    standby.comes("/readyz", |answer| answer.status == 200 && answer.json()["lag"] == json!([]));
    let behind = "headwater_projection_lag_events{projection=\"departure-board\",domain=\"flights\"} 0\n";
    standby.comes("/metrics", |answer| answer.body.contains(behind));

    drop(instances);
    let count = "/v1/tables/flights/count";
    standby.comes(count, |answer| answer.status == 200 && answer.json()["count"] == 20);
}

#[test]
fn to_share_what_is_not_divided_is_refused_with_the_remedy() {
    let data = TempDir::new().unwrap();
    let output = command("nats://127.0.0.1:1", data.path()).arg("--share").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("say how many with --partitions"), "{said}");
}

#[test]
fn a_lease_that_no_machine_could_keep_is_refused_with_the_limits() {
    let data = TempDir::new().unwrap();
    let share = ["--partitions", "4", "--share", "--lease-time", "10ms"];
    let output = command("nats://127.0.0.1:1", data.path()).args(share).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && said.contains("from 300ms to 600s"), "{said}");
}

#[test]
fn an_address_that_is_taken_is_said_before_anything_is_connected() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, data) = (taken.local_addr().unwrap().to_string(), TempDir::new().unwrap());
    let output = command("nats://127.0.0.1:1", data.path()).args(["--http", &address]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    let line = format!("can't listen on {address}; name another address with --http");
    assert!(output.status.code() == Some(2) && said.contains(&line), "{said}");
}
