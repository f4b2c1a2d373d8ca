//! What only the embedded log has to stand: its own process is killed, and its directory opened again.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod cases;

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use futures::StreamExt as _;
use headwater_event::{Aggregate, Domain, Envelope, EventFilter};
use headwater_log::{
    Append, Appended, EmbeddedError, EmbeddedLog, EventLog as _, Note, ReadError, StoredEvent,
};

use cases::Cases;

/// Names the directory in which the process that will be killed writes.
const VICTIM: &str = "HEADWATER_TEST_VICTIM";

fn main() -> ExitCode {
    if let Some(directory) = std::env::var_os(VICTIM) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        return runtime.block_on(write_until_killed(Path::new(&directory)));
    }
    let mut cases = Cases::new();
    macro_rules! add {
        ($($case:ident),* $(,)?) => { $(cases.add(stringify!($case).to_owned(), $case);)* };
    }
    add![
        a_killed_process_loses_nothing_that_was_acknowledged,
        what_is_stored_is_there_when_the_log_is_opened_again,
        notes_are_there_when_the_log_is_opened_again,
        appends_that_wait_are_stored_when_the_log_is_dropped,
        an_append_that_is_sent_again_after_a_restart_is_stored_once,
        an_append_that_is_sent_again_after_very_many_others_is_stored_once,
        a_second_process_is_told_that_the_log_is_in_use,
        a_follower_of_a_dropped_log_ends_with_an_error,
    ];
    cases.run()
}

/// Kills the writer in the middle of its work, several times over the same directory.
async fn a_killed_process_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for round in 1..=4 {
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .env(VICTIM, directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines();
        acknowledged.extend(lines.by_ref().take(150 * round).map(|line| acknowledgement(&line.unwrap())));
        assert!(acknowledged.len() >= 150 * round, "the writer has ended by itself");
        victim.kill().unwrap();
        // What was said before the end counts, but for a line that was cut off.
        acknowledged.extend(
            lines.map_while(Result::ok).filter(|line| line.ends_with('.')).map(|l| acknowledgement(&l)),
        );
        victim.wait().unwrap();

        let log = EmbeddedLog::open(directory.path()).unwrap();
        let stored = log.read(&domain(), 1, usize::MAX).await.unwrap();
        assert!(sequences(&stored).eq(1..=stored.len() as u64));
        for (sequence, id) in &acknowledged {
            let event = &stored[usize::try_from(*sequence).unwrap() - 1];
            assert_eq!(event.envelope.id(), id, "round {round}, sequence {sequence}");
        }
        let mut by_aggregate: HashMap<_, Vec<_>> = HashMap::new();
        for event in stored {
            by_aggregate.entry(event.envelope.subject().unwrap().to_owned()).or_default().push(event);
        }
        for (id, events) in by_aggregate {
            let version = events.last().unwrap().sequence;
            assert_eq!(log.load(&aggregate(&id), version).await.unwrap(), events);
            if id.starts_with("batch") {
                assert_eq!(events.len(), 3, "half a batch is stored");
            }
            if id == "long" {
                log.append(append(&aggregate(&id), version, &["paid"])).await.unwrap();
            }
        }
    }
}

/// The process that is killed: singles to new aggregates, batches, and an aggregate that grows; 64 at a time.
async fn write_until_killed(directory: &Path) -> ExitCode {
    let log = EmbeddedLog::open(directory).unwrap();
    let first = log.open(&domain()).await.unwrap().last;
    let long = aggregate("long");
    let mut version = log.load(&long, 0).await.unwrap().last().map_or(0, |event| event.sequence);
    let mut stdout = std::io::stdout().lock();
    for round in 0.. {
        let mut answers = Vec::new();
        for number in 0..64 {
            let name = format!("{first}-{round}-{number}");
            let append = match number {
                0 => append(&long, version, &["paid"]),
                _ if number % 8 == 0 => {
                    append(&aggregate(&format!("batch-{name}")), 0, &["placed", "paid", "shipped"])
                }
                _ => append(&aggregate(&name), 0, &["placed"]),
            };
            let id = append.events.last().unwrap().id().to_owned();
            answers.push((id, log.begin_append(append).await.unwrap()));
        }
        for (number, (id, answer)) in answers.into_iter().enumerate() {
            let last = answer.await.unwrap().last;
            if number == 0 {
                version = last;
            }
            writeln!(stdout, "{last} {id}.").unwrap();
        }
    }
    ExitCode::SUCCESS
}

fn acknowledgement(line: &str) -> (u64, String) {
    let (sequence, id) = line.strip_suffix('.').unwrap().split_once(' ').unwrap();
    (sequence.parse().unwrap(), id.to_owned())
}

async fn what_is_stored_is_there_when_the_log_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path()).unwrap();
    let info = log.open(&domain()).await.unwrap();
    log.append(append(&aggregate("7"), 0, &["placed", "paid"])).await.unwrap();
    let stored = log.read(&domain(), 1, 10).await.unwrap();
    let checkpoint = log.follow(EventFilter::all(domain()), None).await.unwrap().checkpoint(&stored[0]);
    drop(log);

    let log = EmbeddedLog::open(directory.path()).unwrap();
    assert_eq!(log.streams().await.unwrap().len(), 1);
    let again = log.info(&domain()).await.unwrap();
    assert_eq!((again.created, again.last), (info.created, 2));
    assert_eq!(log.read(&domain(), 1, 10).await.unwrap(), stored);
    let mut follow = log.follow(EventFilter::all(domain()), Some(checkpoint)).await.unwrap();
    assert_eq!(follow.next().await.unwrap().unwrap(), stored[1]);
    assert_eq!(log.append(append(&aggregate("7"), 2, &["shipped"])).await.unwrap().last, 3);
}

async fn notes_are_there_when_the_log_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path()).unwrap();
    let large = vec![b'x'; 1_000_000];
    let notes = vec![Note::new("part", large.clone()), Note::new("state", "paid")];
    log.keep_notes(&aggregate("7"), notes).await.unwrap();
    drop(log);

    let log = EmbeddedLog::open(directory.path()).unwrap();
    assert!(log.streams().await.unwrap().is_empty());
    assert!(log.note(&aggregate("7"), "part").await.unwrap().unwrap() == large);
    assert_eq!(log.note(&aggregate("7"), "state").await.unwrap().unwrap(), "paid");
    assert_eq!(log.note(&aggregate("8"), "state").await.unwrap(), None);
    log.keep_notes(&aggregate("7"), vec![Note::new("state", "shipped")]).await.unwrap();
    assert_eq!(log.note(&aggregate("7"), "state").await.unwrap().unwrap(), "shipped");
}

async fn appends_that_wait_are_stored_when_the_log_is_dropped() {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path()).unwrap();
    log.open(&domain()).await.unwrap();
    for number in 0..3000 {
        drop(log.begin_append(append(&aggregate(&number.to_string()), 0, &["placed"])).await.unwrap());
    }
    drop(log);
    let log = EmbeddedLog::open(directory.path()).unwrap();
    assert_eq!(log.info(&domain()).await.unwrap().last, 3000);
}

async fn an_append_that_is_sent_again_after_a_restart_is_stored_once() {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path()).unwrap();
    log.open(&domain()).await.unwrap();
    let single = append(&aggregate("7"), 0, &["placed"]);
    let batch = append(&aggregate("8"), 0, &["placed", "paid"]);
    log.append(single.clone()).await.unwrap();
    log.append(batch.clone()).await.unwrap();
    drop(log);
    let log = EmbeddedLog::open(directory.path()).unwrap();
    assert_eq!(log.append(single).await.unwrap(), Appended { last: 1, duplicate: true });
    assert_eq!(log.append(batch).await.unwrap(), Appended { last: 3, duplicate: true });
}

/// More than the log remembers by their ids.
async fn an_append_that_is_sent_again_after_very_many_others_is_stored_once() {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path()).unwrap();
    log.open(&domain()).await.unwrap();
    let again = append(&aggregate("7"), 0, &["placed", "paid"]);
    log.append(again.clone()).await.unwrap();
    log.append(append(&aggregate("7"), 2, &["shipped"])).await.unwrap();
    for number in 0..67 {
        log.append(append(&aggregate(&format!("other-{number}")), 0, &["paid"; 1000])).await.unwrap();
    }
    assert_eq!(log.append(again).await.unwrap(), Appended { last: 2, duplicate: true });
}

async fn a_second_process_is_told_that_the_log_is_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path()).unwrap();
    let second = EmbeddedLog::open(directory.path()).map(|_| ());
    assert!(matches!(second, Err(EmbeddedError::InUse { .. })), "{second:?}");
    drop(log);
    EmbeddedLog::open(directory.path()).unwrap();
}

async fn a_follower_of_a_dropped_log_ends_with_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let log = EmbeddedLog::open(directory.path()).unwrap();
    log.open(&domain()).await.unwrap();
    let mut follow = log.follow(EventFilter::all(domain()), None).await.unwrap();
    log.append(append(&aggregate("7"), 0, &["placed"])).await.unwrap();
    drop(log);
    assert_eq!(follow.next().await.unwrap().unwrap().sequence, 1);
    let end = follow.next().await;
    assert!(matches!(end, Some(Err(ReadError::Unavailable { .. }))), "{end:?}");
    assert!(follow.next().await.is_none());
}

fn domain() -> Domain {
    "orders".parse().unwrap()
}

fn aggregate(id: &str) -> Aggregate {
    Aggregate::new(domain(), "order", id).unwrap()
}

fn append(aggregate: &Aggregate, expected: u64, names: &[&str]) -> Append {
    static NEXT_ID: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let event = |name: &&str| {
        let number = NEXT_ID.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let id = format!("{}-{number}", std::process::id());
        Envelope::builder(id, "/embedded-tests", format!("org.example.orders.order.{name}.v1"))
            .subject(aggregate.id())
            .data("application/json", r#"{"cents":300}"#)
            .build()
            .unwrap()
    };
    Append { aggregate: aggregate.clone(), expected, events: names.iter().map(event).collect() }
}

fn sequences(events: &[StoredEvent]) -> impl Iterator<Item = u64> {
    events.iter().map(|event| event.sequence)
}
