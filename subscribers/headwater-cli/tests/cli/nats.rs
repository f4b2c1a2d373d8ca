//! The command on a real NATS server.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use headwater_log::service::Connection;
use headwater_log::testkit::Server;
use headwater_log::{EventLog as _, JetStreamConfig, JetStreamLog};

use crate::command::{Ran, headwater, run};
use crate::orders;

/// A server with three events, and the log on it.
struct Shop {
    server: Server,
    log: JetStreamLog,
}

impl Shop {
    async fn open() -> Self {
        let server = Server::start().await.unwrap();
        let client = Connection::to(&server.url()).unwrap().connect("headwater-test").await.unwrap();
        let log = JetStreamLog::new(client, JetStreamConfig::default());
        orders::store_three_events(&log).await;
        Self { server, log }
    }

    /// Publishes what is no event, as only a program without this library does.
    async fn publish_junk(&self) {
        let client = Connection::to(&self.server.url()).unwrap().connect("headwater-test").await.unwrap();
        let before = self.last().await;
        client.publish("evt.orders.order.junk.none", "no event".into()).await.unwrap();
        client.flush().await.unwrap();
        while self.last().await == before {
            tokio::task::yield_now().await;
        }
    }

    async fn last(&self) -> u64 {
        self.log.info(&orders::domain()).await.unwrap().last
    }

    fn command(&self, arguments: &[&str]) -> Command {
        headwater([&["--server", &self.server.url()], arguments].concat())
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.command(arguments).output().unwrap().into()
    }
}

#[tokio::test]
async fn lists_the_streams() {
    let shop = Shop::open().await;
    shop.log.open(&"stock".parse().unwrap()).await.unwrap();
    let created = shop.log.info(&orders::domain()).await.unwrap().created;
    let json = shop.run(&["stream", "ls", "--format", "json"]).done();
    let streams: serde_json::Value = serde_json::from_str(&json).unwrap();
    insta::assert_snapshot!(json.lines().nth(1).unwrap().replace(&created.to_string(), "<created>"), @r#"{"domain":"orders","stream":"EVT_orders","events":3,"last_sequence":3,"created":"<created>","replicas":1},"#);
    assert_eq!(streams[1]["stream"], "EVT_stock");

    let table = shop.run(&["stream", "ls"]).done();
    let cells: Vec<Vec<_>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(cells[0], ["DOMAIN", "STREAM", "EVENTS", "LAST", "SEQUENCE", "CREATED", "REPLICAS"]);
    assert_eq!(cells[1], ["orders", "EVT_orders", "3", "3", &format!("{created:.0}"), "1"]);
}

#[tokio::test]
async fn gets_an_event_as_pretty_json() {
    let shop = Shop::open().await;
    insta::assert_snapshot!(shop.run(&["events", "get", "orders", "2"]).done(), @r#"
    {
      "specversion": "1.0",
      "id": "7-1-paid",
      "source": "/shop",
      "type": "dev.headwater.orders.order.paid.v1",
      "subject": "7",
      "time": "2013-01-01T10:05:00Z",
      "datacontenttype": "application/json",
      "dataschema": "urn:headwater:schema:dev.headwater.orders.order.paid.v1",
      "data": {
        "order": "7",
        "cents": 300
      }
    }
    "#);
}

#[tokio::test]
async fn says_which_event_is_missing() {
    let shop = Shop::open().await;
    let error = shop.run(&["events", "get", "EVT_orders", "4"]).failed(1);
    assert_eq!(error, "error: the stream EVT_orders has no event 4: its last one is 3\n");
    let error = shop.run(&["events", "get", "stock", "1"]).failed(1);
    assert!(error.starts_with("error: there is no stream EVT_stock"), "{error}");
    for sequence in ["0", "-1", "last"] {
        let ran = shop.run(&["events", "get", "orders", "--", sequence]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
    }
}

#[tokio::test]
async fn tails_the_events_that_are_wanted() {
    let shop = Shop::open().await;
    orders::pay(&shop.log, 50, "2013-01-02T00:00:00Z", 2).await;
    let sequences = |arguments: &[&str]| -> Vec<u64> {
        let out = shop.run(&[&["events", "tail", "orders"], arguments].concat()).done();
        out.lines().map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect()
    };
    assert_eq!(sequences(&[]), [1, 2, 3, 4]);
    assert_eq!(sequences(&["--last", "2"]), [3, 4]);
    assert_eq!(sequences(&["--last", "0"]), [0; 0]);
    assert_eq!(sequences(&["--from", "2"]), [2, 3, 4]);
    assert_eq!(sequences(&["--from", "9"]), [0; 0]);
    assert_eq!(sequences(&["--type", "order.paid"]), [2, 4]);
    assert_eq!(sequences(&["--type", "order.paid", "--last", "1"]), [4]);
    assert_eq!(sequences(&["--type", "order.placed", "--last", "1"]), [3]);
    assert_eq!(sequences(&["--type", "order.placed", "--from", "2"]), [3]);
    assert_eq!(sequences(&["--type", "order.shipped"]), [0; 0]);
}

#[tokio::test]
async fn prints_one_cloud_event_on_each_line() {
    let shop = Shop::open().await;
    let out = shop.run(&["events", "tail", "EVT_orders", "--format", "json"]).done();
    insta::assert_snapshot!(out, @r#"
    {"specversion":"1.0","id":"7-0-placed","source":"/shop","type":"dev.headwater.orders.order.placed.v1","subject":"7","time":"2013-01-01T10:00:00Z","datacontenttype":"application/json","dataschema":"urn:headwater:schema:dev.headwater.orders.order.placed.v1","data":{"order":"7","customer":"Ana"}}
    {"specversion":"1.0","id":"7-1-paid","source":"/shop","type":"dev.headwater.orders.order.paid.v1","subject":"7","time":"2013-01-01T10:05:00Z","datacontenttype":"application/json","dataschema":"urn:headwater:schema:dev.headwater.orders.order.paid.v1","data":{"order":"7","cents":300}}
    {"specversion":"1.0","id":"8-0-placed","source":"/shop","type":"dev.headwater.orders.order.placed.v1","subject":"8","time":"2013-01-01T10:07:30.5Z","datacontenttype":"application/json","dataschema":"urn:headwater:schema:dev.headwater.orders.order.placed.v1","data":{"order":"8","customer":"Bo"}}
    "#);
}

#[tokio::test]
async fn says_what_is_malformed_and_passes_over_it() {
    let shop = Shop::open().await;
    shop.publish_junk().await;
    orders::pay(&shop.log, 50, "2013-01-02T00:00:00Z", 2).await;
    shop.publish_junk().await;
    let ran = shop.run(&["events", "tail", "orders"]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 4), "{ran:?}");
    let errors: Vec<_> = ran.err.lines().collect();
    assert_eq!(errors.len(), 2, "{ran:?}");
    assert!(
        errors[0].starts_with("error: sequence 4 of the stream EVT_orders is not a CloudEvent: "),
        "{ran:?}"
    );
    assert!(errors[1].starts_with("error: sequence 6 of"), "{ran:?}");
    let error = shop.run(&["events", "get", "orders", "4"]).failed(1);
    assert!(error.contains("is not a CloudEvent"), "{error}");
}

#[tokio::test]
async fn follows_until_ctrl_c() {
    let shop = Shop::open().await;
    // The last message can't be a checkpoint.
    shop.publish_junk().await;
    let arguments = ["events", "tail", "orders", "--last", "2", "-f", "--type", "order.paid"];
    let mut child = shop.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut sequence = || lines.next().unwrap().unwrap().split_whitespace().next().unwrap().to_owned();
    assert_eq!(sequence(), "2");
    orders::pay(&shop.log, 50, "2013-01-02T00:00:00Z", 2).await;
    assert_eq!(sequence(), "5");
    orders::pay(&shop.log, 60, "2013-01-03T00:00:00Z", 5).await;
    assert_eq!(sequence(), "6");

    let interrupted = Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().unwrap();
    assert!(interrupted.success());
    let ran = Ran::from(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    assert_eq!(ran.err.lines().count(), 1, "{ran:?}");
    assert!(ran.err.starts_with("error: sequence 4 of"), "{ran:?}");
}

#[tokio::test]
async fn ends_quietly_when_nobody_reads_on() {
    let shop = Shop::open().await;
    for arguments in [&["events", "tail", "orders"][..], &["stream", "ls"], &["events", "get", "orders", "1"]]
    {
        let mut child =
            shop.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(Ran::from(child.wait_with_output().unwrap()).done(), "", "{arguments:?}");
    }
}

#[test]
fn says_in_one_line_that_no_server_answers() {
    // A port that nobody else can have while this test runs, and that refuses connections.
    let port = std::net::UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = format!("nats://127.0.0.1:{port}");
    let error = run(["stream", "ls", "--server", &server, "--connect-timeout", "0.2"]).failed(5);
    assert!(error.starts_with(&format!("error: no NATS server at {server} answered")), "{error}");
}

#[test]
fn documents_its_exit_codes() {
    let help = run(["--help"]).done();
    assert!(help.contains("Exit codes:\n  0 "), "{help}");
    assert_eq!(run(["events", "tail"]).code, Some(2));
    assert_eq!(run(["events", "tail", "Orders"]).code, Some(2));
}
