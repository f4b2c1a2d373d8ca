use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headwater_event::{Aggregate, CommandContext, Envelope};
use headwater_log::service::Connection;
pub(crate) use headwater_log::testkit::eventually;
use headwater_log::testkit::{PATIENCE, Server};
use headwater_log::{
    Append, DeadLetters, EventLog as _, JetStreamConfig, JetStreamLog, Letter, ParkedLetter, Reason,
    WorkConfig,
};
use headwater_subscriber::{ReactorError, ReactorHealth, ReactorOptions, ReactorRunner, ReactorStatus};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::common::shop::paid;
use crate::receipts::{Mail, Receipts};

/// A server with a shop's events, the world outside, and a directory for a reactor.
pub(crate) struct Bed {
    pub(crate) server: Server,
    pub(crate) log: Arc<JetStreamLog>,
    pub(crate) directory: TempDir,
    pub(crate) mail: Arc<Mail>,
    /// Whom reactors connect as, as a URL has it.
    user: &'static str,
    versions: Mutex<HashMap<String, u64>>,
}

/// A reactor at work.
pub(crate) struct Running {
    pub(crate) status: ReactorStatus,
    stop: CancellationToken,
    task: JoinHandle<Result<(), ReactorError>>,
}

/// What fails should fail soon.
pub(crate) fn options() -> ReactorOptions {
    ReactorOptions {
        attempts_max: 3,
        attempt_time_max: Duration::from_secs(20),
        backoff_first: Duration::from_millis(20),
        backoff_longest: Duration::from_millis(200),
        unavailable_max: 5,
        probe_first: Duration::from_millis(100),
        probe_longest: Duration::from_millis(500),
        asks_every: Duration::from_millis(100),
        work: WorkConfig { term: Duration::from_secs(2), ..WorkConfig::default() },
        ..ReactorOptions::default()
    }
}

pub(crate) async fn connect(url: &str) -> Arc<JetStreamLog> {
    let (client, denials) = Connection::to(url).unwrap().connect_watched("reactor").await.unwrap();
    Arc::new(JetStreamLog::watched(client, denials, JetStreamConfig::default()))
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::of(Server::start().await.unwrap(), "").await
    }

    /// One whose server doesn't let reactors publish to such subjects.
    pub(crate) async fn denying(subjects: &str) -> Self {
        let config = format!(
            "no_auth_user: owner\n\
             authorization {{ users: [\n\
             {{ user: owner, password: pw }}\n\
             {{ user: ana, password: pw, permissions: {{ publish: {{ deny: [{subjects:?}] }} }} }}\n] }}"
        );
        Self::of(Server::builder().config(config).start().await.unwrap(), "ana:pw@").await
    }

    async fn of(server: Server, user: &'static str) -> Self {
        let log = connect(&server.url()).await;
        log.open(&"orders".parse().unwrap()).await.unwrap();
        Self {
            server,
            log,
            directory: TempDir::new().unwrap(),
            mail: Arc::default(),
            user,
            versions: Mutex::default(),
        }
    }

    pub(crate) async fn start(&self) -> Running {
        self.start_with(options(), self.directory.path()).await
    }

    /// An instance with its own connection and its own directory.
    pub(crate) async fn start_with(&self, options: ReactorOptions, directory: &Path) -> Running {
        self.run(self.runner(options, directory)).await
    }

    /// An instance that doesn't work yet.
    pub(crate) fn runner(&self, options: ReactorOptions, directory: &Path) -> ReactorRunner<Receipts> {
        ReactorRunner::open(Receipts { mail: self.mail.clone() }, options, directory).unwrap()
    }

    /// It works from now on, or stands by.
    pub(crate) async fn run(&self, runner: ReactorRunner<Receipts>) -> Running {
        let (status, stop) = (runner.status(), CancellationToken::new());
        let url = format!("nats://{}127.0.0.1:{}", self.user, self.server.port());
        let task = tokio::spawn(runner.run(connect(&url).await, stop.clone()));
        Running { status, stop, task }
    }

    /// Appends a payment to an order; returns its sequence.
    pub(crate) async fn pay(&self, order: &str, number: u64) -> u64 {
        let event = paid(order, "ada", number);
        let command = CommandContext::new(format!("pay {order} {number}"));
        self.append(order, command.envelope(&event, 0, "/shop", Timestamp::UNIX_EPOCH).unwrap()).await
    }

    pub(crate) async fn append(&self, order: &str, envelope: Envelope) -> u64 {
        let expected = self.versions.lock().unwrap().get(order).copied().unwrap_or(0);
        let aggregate = Aggregate::new("orders".parse().unwrap(), "order", order).unwrap();
        let append = Append { aggregate, expected, events: vec![envelope] };
        let last = self.log.append(append).await.unwrap().last;
        self.versions.lock().unwrap().insert(order.to_owned(), last);
        last
    }

    /// Pays `count` orders, named by their numbers from 0, at once.
    pub(crate) async fn pay_many(&self, count: u64) {
        let mut answers = Vec::new();
        for number in 0..count {
            let event = paid(number, "ada", number);
            answers.push(crate::common::shop::begin_to_publish(&(self.log.clone() as _), event).await);
        }
        for answer in answers {
            answer.await.unwrap();
        }
    }

    pub(crate) fn dead(&self) -> DeadLetters {
        self.log.dead_letters()
    }

    pub(crate) async fn letters(&self) -> Vec<ParkedLetter> {
        self.dead().letters(Some("receipts")).await.unwrap().0
    }

    /// Parks what is at a place of the stream, as an earlier run would have.
    pub(crate) async fn park(&self, order: &str, sequence: u64, event: Option<&str>) {
        let letter = Letter {
            reactor: "receipts".to_owned(),
            handler_version: 1,
            key: format!("orders.order.{order}"),
            domain: "orders".to_owned(),
            sequence,
            event: event.map(str::to_owned),
            source: event.map(|_| "/shop".to_owned()),
            event_type: None,
            reason: Reason::Undecodable,
            errors: Vec::new(),
            attempts: 1,
            parked_at: Timestamp::UNIX_EPOCH,
        };
        self.dead().park(&letter, "an earlier run").await.unwrap();
    }

    /// The consumer, as the server shows it.
    pub(crate) async fn consumer(&self) -> serde_json::Value {
        self.api("CONSUMER.INFO.EVT_orders.receipts").await
    }

    /// Up to which sequence the server knows everything to be done.
    pub(crate) async fn acknowledged(&self) -> u64 {
        self.consumer().await["ack_floor"]["stream_seq"].as_u64().unwrap_or(0)
    }

    pub(crate) async fn api(&self, request: &str) -> serde_json::Value {
        let client = Connection::to(&self.server.url()).unwrap().connect("operator").await.unwrap();
        let answer = client.request(format!("$JS.API.{request}"), "".into()).await.unwrap();
        serde_json::from_slice(&answer.payload).unwrap()
    }
}

impl Running {
    pub(crate) fn health(&self) -> ReactorHealth {
        self.status.health()
    }

    /// Waits until the reactor is well in some way.
    pub(crate) async fn until(&self, what: &str, is: impl Fn(&ReactorHealth) -> bool) {
        eventually(&format!("{what}: {:?}", self.health()), || async { is(&self.health()) }).await;
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        timeout(PATIENCE, self.task).await.expect("the reactor doesn't end").unwrap().unwrap();
    }

    /// Ends it as a crash would: whatever it is doing.
    pub(crate) async fn crash(self) {
        self.task.abort();
        self.task.await.ok();
    }
}
