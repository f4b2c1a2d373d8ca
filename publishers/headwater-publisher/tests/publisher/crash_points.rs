//! A service dies at each point of handling a command, one by one. Started again, it handles the command with the same id: the same
//! events are stored once, and the answer is the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use headwater_event::{Aggregate, CommandContext, Domain, EventFilter};
use headwater_log::{
    AppendError, Checkpoint, Commit, EventLog, Follow, Log, Note, NoteError, OpenError, PendingAppend,
    ReadError, StoredEvent, StreamInfo,
};
use headwater_publisher::{Aggregates, Command, HandleError, Receipt, Snapshots, Together};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::account::{Account, AccountCommand, AccountRejection, deposit};
use crate::bed::{PATIENCE, audited_balance, bank, broker, embedded, ids, memory, service};

/// Where the service dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    /// Before the aggregate was loaded.
    Loading,
    /// After it was loaded, before anything was decided.
    Loaded,
    /// After the decision, before anything was sent.
    Sending,
    /// After the events were stored, before the answer came.
    Stored,
    /// After the answer came, before the service told its caller.
    Answered,
    /// After that, before the snapshot was kept.
    Noting,
    /// After all of the snapshot but its last part was kept.
    HalfNoted,
}

const POINTS: [Point; 7] = [
    Point::Loading,
    Point::Loaded,
    Point::Sending,
    Point::Stored,
    Point::Answered,
    Point::Noting,
    Point::HalfNoted,
];

/// A log of a service that dies at a point: what it asks there is never answered.
struct Mortal {
    log: Log,
    point: Point,
    dead: AtomicBool,
    died: Notify,
}

impl Mortal {
    fn new(log: &Log, point: Point) -> Arc<Self> {
        Arc::new(Self { log: log.clone(), point, dead: AtomicBool::new(false), died: Notify::new() })
    }

    async fn pass(&self, point: Point) {
        if self.point == point || self.dead.load(Ordering::SeqCst) {
            self.dead.store(true, Ordering::SeqCst);
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl EventLog for Mortal {
    async fn open(&self, domain: &Domain) -> Result<StreamInfo, OpenError> {
        self.log.open(domain).await
    }

    async fn info(&self, domain: &Domain) -> Result<StreamInfo, ReadError> {
        self.log.info(domain).await
    }

    async fn streams(&self) -> Result<Vec<StreamInfo>, ReadError> {
        self.log.streams().await
    }

    async fn begin_commit(&self, commit: Commit) -> Result<PendingAppend, AppendError> {
        self.pass(Point::Sending).await;
        let answer = self.log.begin_commit(commit).await?;
        if self.point == Point::Stored {
            answer.await?;
            self.pass(Point::Stored).await;
            unreachable!("it died");
        }
        Ok(answer)
    }

    async fn read(&self, domain: &Domain, from: u64, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        self.log.read(domain, from, max).await
    }

    async fn follow(&self, filter: EventFilter, checkpoint: Option<Checkpoint>) -> Result<Follow, ReadError> {
        self.log.follow(filter, checkpoint).await
    }

    async fn load_from(
        &self,
        aggregate: &Aggregate,
        from: u64,
        at_least: u64,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        self.pass(Point::Loading).await;
        let loaded = self.log.load_from(aggregate, from, at_least).await;
        self.pass(Point::Loaded).await;
        loaded
    }

    async fn note(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError> {
        self.log.note(aggregate, name).await
    }

    async fn keep_notes(&self, aggregate: &Aggregate, mut notes: Vec<Note>) -> Result<(), NoteError> {
        self.pass(Point::Noting).await;
        if self.point == Point::HalfNoted {
            notes.pop();
        }
        let kept = self.log.keep_notes(aggregate, notes).await;
        self.pass(Point::HalfNoted).await;
        kept
    }
}

type Answer = Result<Receipt, HandleError<AccountRejection>>;

async fn start(log: &Log) -> Aggregates<Account> {
    service(log).await.with_snapshots(Snapshots::every(2))
}

/// What a service is asked, by a command of this id.
async fn ask(service: &Aggregates<Account>, kind: &str, id: &str) -> Answer {
    match kind {
        "one event" => service.handle(deposit(id, "ann", &[5])).await,
        "several events" => service.handle(deposit(id, "ann", &[1, 2, 3])).await,
        "several accounts" => {
            let ask = |account: &str, command| (account.to_owned(), command);
            let withdraw = Command {
                key: "ann".to_owned(),
                command: ask("ann", AccountCommand::Withdraw { cents: 10 }),
                context: CommandContext::new(id),
                at: Timestamp::UNIX_EPOCH,
            };
            let deposit = ask("bob", AccountCommand::Deposit { cents: vec![4, 6], note: String::new() });
            Together::of(service, withdraw).and(service, "bob".to_owned(), deposit).handle().await
        }
        kind => panic!("nobody asks for {kind}"),
    }
}

async fn dies_at_each_point(log: &Log) {
    let begin = start(log).await;
    begin.handle(deposit("begin", "ann", &[500])).await.unwrap();
    let mut expected = ids(log).await;
    for (kind, events) in [("one event", 1), ("several events", 3), ("several accounts", 3)] {
        for point in POINTS {
            let id = format!("{kind} {point:?}");
            let mortal = Mortal::new(log, point);
            let dying = start(&(mortal.clone() as _)).await;
            let asked = async {
                // Enough for a snapshot to be taken, whatever came before.
                let answer = ask(&dying, kind, &id).await.unwrap();
                assert!(!answer.repeated);
                if point != Point::Answered {
                    std::future::pending::<()>().await;
                }
            };
            let died = async {
                tokio::select! {
                    () = mortal.died.notified() => {}
                    () = asked => {}
                }
            };
            // One event isn't enough for a snapshot, so the service goes on and dies later, or not at all.
            if timeout(PATIENCE / 30, died).await.is_err() {
                assert!(kind == "one event" && matches!(point, Point::Noting | Point::HalfNoted), "{id}");
            }
            drop(dying);

            expected.extend((0..events).map(|index| format!("{id}/{index}")));
            let restarted = start(log).await;
            let first = ask(&restarted, kind, &id).await.unwrap();
            let stored_before = !matches!(point, Point::Loading | Point::Loaded | Point::Sending);
            assert_eq!(first.repeated, stored_before, "{id}");
            assert_eq!(first.events, expected[expected.len() - events..], "{id}");
            for again in [&restarted, &start(log).await, &start(log).await.assuming_new()] {
                let again = ask(again, kind, &id).await.unwrap();
                assert_eq!(again, Receipt { repeated: true, ..first.clone() }, "{id}");
            }
            assert_eq!(ids(log).await, expected, "{id}");
            assert_eq!(first.sequence, expected.len() as u64, "{id}");
        }
    }
    let (ann, bob) = (audited_balance(log, "ann").await, audited_balance(log, "bob").await);
    assert_eq!((ann, bob), (500 + 7 * 5 + 7 * 6 - 7 * 10, 7 * 10));
    assert_eq!(log.info(&bank()).await.unwrap().last, expected.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_service_on_the_log_in_memory_may_die_anywhere() {
    dies_at_each_point(&memory()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_the_embedded_log_may_die_anywhere() {
    let (log, _directory) = embedded();
    dies_at_each_point(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_on_jetstream_may_die_anywhere() {
    let (log, _server) = broker().await;
    dies_at_each_point(&log).await;
}
