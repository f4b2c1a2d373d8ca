//! A database, a broker, and what must be true of the two in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use headwater_event::{CommandContext, Envelope};
use headwater_log::service::Connection;
use headwater_log::testkit::{Postgres, Server};
use headwater_log::{Append, JetStreamConfig, JetStreamLog, Log, StoredEvent};
use headwater_outbox::{Enqueued, Outbox, Relay, RelayError, RelaySummary};
use jiff::Timestamp;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::{Client, Config, NoTls};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::bank::{Booking, account, bank, booked};

/// How long anything may take that must happen, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// The name under which the bank publishes.
pub(crate) const SOURCE: &str = "/bank";

pub(crate) struct Bed {
    pub(crate) postgres: Postgres,
    pub(crate) broker: Server,
    /// Nothing stands in its way.
    pub(crate) log: Log,
    pub(crate) outbox: Outbox,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        Self::with(Server::start().await.unwrap()).await
    }

    pub(crate) async fn with(broker: Server) -> Self {
        let mut postgres = Postgres::start().await.unwrap();
        // Who has committed when, by the database's own account.
        let client = connect(&postgres).await.unwrap();
        client.batch_execute("ALTER SYSTEM SET track_commit_timestamp = on").await.unwrap();
        postgres.restart().await.unwrap();
        let mut client = connect(&postgres).await.unwrap();
        let ledger = "CREATE TABLE ledger (command text, account text, times bigint, number bigserial)";
        client.batch_execute(ledger).await.unwrap();
        let outbox = Outbox::new(SOURCE);
        outbox.migrate(&mut client).await.unwrap();
        let log = jetstream(&broker.url()).await;
        log.open(&bank()).await.unwrap();
        Self { postgres, broker, log, outbox }
    }

    pub(crate) fn config(&self) -> Config {
        config(&self.postgres)
    }

    pub(crate) async fn client(&self) -> Client {
        connect(&self.postgres).await.unwrap()
    }

    /// Books one command, and commits it.
    pub(crate) async fn book(&self, id: &str, accounts: &[&str]) {
        let enqueued = Booking::new(id, accounts).book(&mut self.client().await, &self.outbox).await;
        assert_eq!(enqueued.unwrap(), Enqueued::New);
    }

    /// Starts a relay in this process.
    pub(crate) fn relay(&self) -> Running {
        self.relay_to(self.log.clone())
    }

    pub(crate) fn relay_to(&self, log: Log) -> Running {
        Running::start(Relay::new(self.config(), log))
    }

    /// Waits until nothing waits, and nothing is refused.
    pub(crate) async fn drained(&self) {
        eventually("the outbox is empty", async || match connect(&self.postgres).await {
            Ok(client) => self.outbox.pending(&client).await.is_ok_and(|pending| pending.appends == 0),
            Err(_) => false,
        })
        .await;
    }

    /// Relays what waits, and returns what there was.
    pub(crate) async fn drain(&self) -> RelaySummary {
        let relay = self.relay();
        self.drained().await;
        relay.stop().await.unwrap()
    }

    pub(crate) async fn last(&self) -> u64 {
        self.log.info(&bank()).await.map_or(0, |info| info.last)
    }

    /// Waits until so many events are on the stream.
    pub(crate) async fn reaches(&self, sequence: u64) {
        eventually("the stream goes on", async || self.last().await >= sequence).await;
    }

    pub(crate) async fn stored(&self) -> Vec<StoredEvent> {
        self.log.read(&bank(), 1, usize::MAX).await.unwrap()
    }

    pub(crate) async fn ids(&self) -> Vec<String> {
        self.stored().await.iter().map(|event| event.envelope.id().to_owned()).collect()
    }

    /// Another service appends to an account, past the outbox.
    pub(crate) async fn interfere(&self, id: &str, name: &str) {
        let append =
            |expected| Append { aggregate: account(name), expected, events: vec![foreign(id, name)] };
        let version = self.log.load(&account(name), 0).await.unwrap().last().map_or(0, |last| last.sequence);
        self.log.append(append(version)).await.unwrap();
    }

    /// Compares the whole stream with the whole ledger: every committed booking's events are there exactly once, no
    /// other event of the bank is, each booking is complete, and each account's are in the order of the commits.
    pub(crate) async fn audit(&self) -> Audit {
        let stored = self.stored().await;
        let rows = self
            .client()
            .await
            .query(
                // A row may be put into an earlier place than the one before it, so its place says nothing.
                "SELECT command, account, times FROM ledger ORDER BY pg_xact_commit_timestamp(xmin), number",
                &[],
            )
            .await
            .unwrap();
        let (mut ledger, mut commands) = (BTreeMap::<String, Vec<String>>::new(), BTreeSet::new());
        let mut next_index = BTreeMap::<String, usize>::new();
        for row in rows {
            let (command, account, times): (String, String, i64) = (row.get(0), row.get(1), row.get(2));
            let index = next_index.entry(command.clone()).or_default();
            for _ in 0..times {
                ledger.entry(account.clone()).or_default().push(format!("{command}/{index}"));
                *index += 1;
            }
            commands.insert(command);
        }
        let mut stream = BTreeMap::<String, Vec<String>>::new();
        let mut events = 0;
        for event in stored.iter().filter(|event| event.envelope.source() == SOURCE) {
            let account = event.envelope.subject().unwrap().to_owned();
            stream.entry(account).or_default().push(event.envelope.id().to_owned());
            events += 1;
        }
        // Equal lists: nothing is missing, nothing is twice or out of place, and what one command did stands together.
        assert_eq!(stream, ledger);
        let pending = self.outbox.pending(&self.client().await).await.unwrap();
        assert_eq!((pending.appends, pending.refused), (0, 0));
        Audit { commands: commands.len(), events }
    }
}

fn config(postgres: &Postgres) -> Config {
    let mut config: Config = postgres.url().parse().unwrap();
    config.connect_timeout(Duration::from_secs(5));
    config
}

/// A connection, which lives until the client is dropped.
async fn connect(postgres: &Postgres) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config(postgres).connect(NoTls).await?;
    // Its errors are also those of the client's next statement.
    tokio::spawn(async move { connection.await.ok() });
    Ok(client)
}

/// What was found to be right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Audit {
    pub(crate) commands: usize,
    pub(crate) events: usize,
}

/// A relay in this process.
pub(crate) struct Running {
    task: JoinHandle<Result<RelaySummary, RelayError>>,
    stop: DropGuard,
}

impl Running {
    pub(crate) fn start(relay: Relay) -> Self {
        let stop = CancellationToken::new();
        let relay = relay.poll_every(Duration::from_millis(100));
        let run = {
            let stop = stop.clone();
            async move { relay.run(stop).await }
        };
        Self { task: tokio::spawn(run), stop: stop.drop_guard() }
    }

    pub(crate) async fn stop(self) -> Result<RelaySummary, RelayError> {
        drop(self.stop);
        timeout(PATIENCE, self.task).await.expect("the relay doesn't stop").unwrap()
    }

    /// Waits until it stops by itself.
    pub(crate) async fn end(self) -> Result<RelaySummary, RelayError> {
        timeout(PATIENCE, self.task).await.expect("the relay doesn't end").unwrap()
    }

    /// Ends it in the middle of what it does, like a process that is killed.
    pub(crate) fn abort(&self) {
        self.task.abort();
    }
}

/// A log on the broker. It gives up soon, and its broker recognises an event that is sent again only for a moment.
pub(crate) async fn jetstream(url: &str) -> Log {
    let config = JetStreamConfig {
        answer_timeout: Duration::from_millis(500),
        deadline: Duration::from_secs(3),
        duplicate_window: DUPLICATE_WINDOW,
        ..JetStreamConfig::default()
    };
    let client = Connection::to(url).unwrap().connect("outbox-tests").await.unwrap();
    Arc::new(JetStreamLog::new(client, config))
}

/// The shortest that a server takes.
pub(crate) const DUPLICATE_WINDOW: Duration = Duration::from_millis(100);

fn foreign(id: &str, name: &str) -> Envelope {
    CommandContext::new(id).envelope(&booked(name), 0, "/another", Timestamp::now()).unwrap()
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !condition().await {
            sleep(Duration::from_millis(3)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("it doesn't happen that {what}"));
}
