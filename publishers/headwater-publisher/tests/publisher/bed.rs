use std::sync::Arc;
use std::time::Duration;

use headwater_event::{Aggregate, Domain, EventSet as _};
use headwater_log::service::Connection;
use headwater_log::testkit::{Proxy, Server};
use headwater_log::{EmbeddedLog, JetStreamConfig, JetStreamLog, Log, MemoryLog, StoredEvent};
use headwater_publisher::{Aggregates, HandleError, Receipt};
use tempfile::TempDir;

use crate::account::{Account, AccountEvent, AccountRejection};

pub(crate) type Handled = Result<Receipt, HandleError<AccountRejection>>;

/// The name under which all services of the tests publish: they are instances of one service.
pub(crate) const SOURCE: &str = "/bank";

/// How long anything may take that must happen, on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A log of the test's own, which is removed with it.
pub(crate) fn embedded() -> (Log, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    (Arc::new(EmbeddedLog::open(directory.path()).unwrap()), directory)
}

/// A log in memory, for a test whose time stands still.
pub(crate) fn memory() -> Log {
    Arc::new(MemoryLog::new())
}

/// A broker, and a log on it that nothing stands in the way of.
pub(crate) async fn broker() -> (Log, Server) {
    let server = Server::start().await.unwrap();
    (jetstream(&server.url(), JetStreamConfig::default()).await, server)
}

/// Another log on the broker, which tries again soon and gives up at the deadline; and what stands in its way.
pub(crate) async fn behind_proxy(server: &Server, deadline: Duration) -> (Log, Proxy) {
    let proxy = Proxy::start(server.port()).await.unwrap();
    let answer_timeout = Duration::from_millis(300);
    let config = JetStreamConfig { answer_timeout, deadline, ..JetStreamConfig::default() };
    (jetstream(&proxy.url(), config).await, proxy)
}

pub(crate) async fn jetstream(url: &str, config: JetStreamConfig) -> Log {
    let client = Connection::to(url).unwrap().connect("publisher-tests").await.unwrap();
    Arc::new(JetStreamLog::new(client, config))
}

/// A service that has just started: it knows nothing but the log.
pub(crate) async fn service(log: &Log) -> Aggregates<Account> {
    Aggregates::open(log.clone(), SOURCE).await.unwrap()
}

pub(crate) fn bank() -> Domain {
    "bank".parse().unwrap()
}

pub(crate) fn aggregate(account: &str) -> Aggregate {
    Aggregate::new(bank(), "account", account).unwrap()
}

/// All that is stored, of all accounts.
pub(crate) async fn stored(log: &Log) -> Vec<StoredEvent> {
    log.read(&bank(), 1, usize::MAX).await.unwrap()
}

/// The ids of all that is stored.
pub(crate) async fn ids(log: &Log) -> Vec<String> {
    stored(log).await.iter().map(|event| event.envelope.id().to_owned()).collect()
}

pub(crate) async fn last(log: &Log) -> u64 {
    log.info(&bank()).await.unwrap().last
}

/// What happened to an account.
pub(crate) async fn history(log: &Log, account: &str) -> Vec<AccountEvent> {
    let stored = log.load(&aggregate(account), 0).await.unwrap();
    stored.iter().map(decode).collect()
}

fn decode(event: &StoredEvent) -> AccountEvent {
    let envelope = &event.envelope;
    AccountEvent::decode(envelope.event_type().unwrap(), envelope.data()).unwrap().unwrap()
}

/// The account's balance, after a check that each event was decided on the state that the one before it left.
pub(crate) async fn audited_balance(log: &Log, account: &str) -> u64 {
    let mut balance = 0;
    for event in history(log, account).await {
        let decided = match &event {
            AccountEvent::Deposited(deposited) => {
                balance += deposited.cents;
                deposited.balance
            }
            AccountEvent::Withdrawn(withdrawn) => {
                balance -= withdrawn.cents;
                withdrawn.balance
            }
            AccountEvent::Opened(_) | AccountEvent::Frozen(_) => balance,
        };
        assert_eq!(decided, balance, "{event:?} was decided on another state than it changed");
    }
    balance
}

/// The rejection that a command met.
pub(crate) fn rejection(handled: Handled) -> AccountRejection {
    match handled {
        Err(HandleError::Rejected(rejection)) => rejection,
        other => panic!("not rejected: {other:?}"),
    }
}
