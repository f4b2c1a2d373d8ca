//! With snapshots a long history costs no more than a short one, and nothing else changes.

use std::sync::Arc;
use std::time::Duration;

use headwater_event::CommandContext;
use headwater_log::{Log, MemoryLog, Note};
use headwater_publisher::{Aggregates, Command, Receipt, Snapshots, Together};
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

use crate::account::{Account, AccountCommand, AccountRejection, deposit, withdraw};
use crate::bed::{
    PATIENCE, aggregate, audited_balance, bank, broker, embedded, last, memory, rejection, service,
};
use crate::watched::Watched;

const EVERY: usize = 10;

/// A service that has just started, and takes a snapshot every ten events.
async fn snapping(log: &Log) -> Aggregates<Account> {
    service(log).await.with_snapshots(Snapshots::every(EVERY))
}

/// Waits until a snapshot is kept that was taken at this sequence or later.
async fn kept(log: &Log, account: &str, sequence: u64) {
    let wait = async {
        loop {
            if let Some(note) = log.note(&aggregate(account), "state").await.unwrap() {
                let note: serde_json::Value = serde_json::from_slice(&note).unwrap();
                if note["sequence"].as_u64().unwrap() >= sequence {
                    return;
                }
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("no snapshot of {account} is kept"));
}

/// Waits until this is the snapshot.
async fn noted(log: &Log, account: &str, snapshot: &str) {
    let wait = async {
        while log.note(&aggregate(account), "state").await.unwrap().unwrap() != snapshot.as_bytes() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("{account} has another snapshot than {snapshot}"));
}

/// So many deposits of a cent, and a snapshot of the last ten or the ten before.
async fn history(log: &Log, account: &str, deposits: u64) {
    let service = snapping(log).await;
    for number in 0..deposits {
        service.handle(deposit(&format!("{account}-{number}"), account, &[1])).await.unwrap();
        if (number + 1).is_multiple_of(EVERY as u64) {
            kept(log, account, last(log).await.saturating_sub(EVERY as u64)).await;
        }
    }
}

/// More deposits of a cent than a snapshot names, and a snapshot of all of them: their notes are kept beside it.
async fn long_history(log: &Log, account: &str) -> u64 {
    let service = snapping(log).await;
    for number in 0..6 {
        service.handle(deposit(&format!("{account}-long-{number}"), account, &[1; 100])).await.unwrap();
    }
    let end = last(log).await;
    kept(log, account, end).await;
    assert!(log.note(&aggregate(account), "root").await.unwrap().is_some(), "nothing is noted");
    end
}

/// A command that was handled before, as a service that knows it says it.
fn repeated(receipt: &Receipt) -> Receipt {
    Receipt { repeated: true, ..receipt.clone() }
}

#[tokio::test]
async fn an_account_is_loaded_from_its_snapshot_and_what_came_later() {
    let log = memory();
    history(&log, "ann", 1005).await;
    kept(&log, "ann", 1000).await;
    let watched = Watched::new(&log).await;
    let service = snapping(&(watched.clone() as _)).await;
    let refused = rejection(service.handle(withdraw("w1", "ann", 1006)).await);
    assert_eq!(refused, AccountRejection::Overdrawn { balance: 1005 });
    service.handle(withdraw("w2", "ann", 1005)).await.unwrap();
    // The first ones may have been all, and the event of the snapshot shows that it is this stream's.
    assert!(watched.events_loaded() <= 32 + EVERY as u64 + 1);
    assert_eq!(audited_balance(&log, "ann").await, 0);
}

#[tokio::test]
async fn a_short_history_has_no_snapshot() {
    let log = memory();
    history(&log, "ann", 9).await;
    assert_eq!(log.note(&aggregate("ann"), "state").await.unwrap(), None);
    rejection(snapping(&log).await.handle(withdraw("w1", "ann", 10)).await);
}

#[tokio::test]
async fn a_command_from_before_the_snapshot_is_recognised_in_memory() {
    a_command_from_before_the_snapshot_is_recognised(&memory()).await;
}

#[tokio::test]
async fn a_command_from_before_the_snapshot_is_recognised_in_the_embedded_log() {
    let (log, _directory) = embedded();
    a_command_from_before_the_snapshot_is_recognised(&log).await;
}

#[tokio::test]
async fn a_command_from_before_the_snapshot_is_recognised_in_jetstream() {
    let (log, _server) = broker().await;
    a_command_from_before_the_snapshot_is_recognised(&log).await;
}

async fn a_command_from_before_the_snapshot_is_recognised(log: &Log) {
    let first = snapping(log).await;
    let three = first.handle(deposit("three", "ann", &[1, 2, 3])).await.unwrap();
    let one = first.handle(deposit("one", "ann", &[4])).await.unwrap();
    history(log, "ann", 30).await;
    assert_eq!(log.note(&aggregate("ann"), "root").await.unwrap(), None, "the snapshot names them itself");
    is_recognised(log, &three, &one).await;
    assert_eq!(audited_balance(log, "ann").await, 40);

    long_history(log, "ann").await;
    is_recognised(log, &three, &one).await;
    assert_eq!(audited_balance(log, "ann").await, 640);
}

/// These two were answered so.
async fn is_recognised(log: &Log, three: &Receipt, one: &Receipt) {
    let end = last(log).await;
    let restarted = snapping(log).await;
    for service in [&restarted, &restarted, &snapping(log).await.assuming_new()] {
        assert_eq!(service.handle(deposit("three", "ann", &[1, 2, 3])).await.unwrap(), repeated(three));
        assert_eq!(service.handle(deposit("one", "ann", &[4])).await.unwrap(), repeated(one));
        let again = service.handle(deposit("ann-7", "ann", &[1])).await.unwrap();
        assert_eq!((again.sequence, again.repeated), (12, true));
    }
    assert_eq!(last(log).await, end);
}

#[tokio::test]
async fn a_transfer_from_before_the_snapshots_is_recognised() {
    let log = memory();
    history(&log, "ann", 20).await;
    kept(&log, "ann", 20).await;
    let transfer = async |service: &Aggregates<Account>| {
        let ask = |account: &str, command| (account.to_owned(), command);
        let withdraw = Command {
            key: "ann".to_owned(),
            command: ask("ann", AccountCommand::Withdraw { cents: 5 }),
            context: CommandContext::new("transfer"),
            at: Timestamp::UNIX_EPOCH,
        };
        let deposit = ask("bob", AccountCommand::Deposit { cents: vec![5], note: String::new() });
        Together::<AccountRejection>::of(service, withdraw)
            .and(service, "bob".to_owned(), deposit)
            .handle()
            .await
    };
    let receipt = transfer(&snapping(&log).await).await.unwrap();
    for account in ["ann", "bob"] {
        let service = snapping(&log).await;
        for number in 0..12 {
            service.handle(deposit(&format!("later-{account}-{number}"), account, &[1])).await.unwrap();
        }
        kept(&log, account, receipt.sequence + 1).await;
    }
    let again = transfer(&snapping(&log).await).await.unwrap();
    assert_eq!(again, Receipt { repeated: true, ..receipt });
    assert_eq!(audited_balance(&log, "bob").await, 17);
}

/// Whatever the snapshot is replaced by, the account is loaded from its first event then, and a good one takes its place.
#[tokio::test]
async fn a_snapshot_that_can_not_be_used_is_dropped() {
    let log = memory();
    history(&log, "ann", 20).await;
    kept(&log, "ann", 20).await;
    let good = log.note(&aggregate("ann"), "state").await.unwrap().unwrap();
    let good = String::from_utf8(good.to_vec()).unwrap();
    let code = serde_json::from_str::<serde_json::Value>(&good).unwrap()["code"].as_str().unwrap().to_owned();
    for (why, bad) in [
        ("no JSON", "state".to_owned()),
        ("another state", good.replace("\"balance\":20", "\"saldo\":20")),
        ("other code", good.replace(&code, "0123")),
        ("another event", good.replace("\"sequence\":20", "\"sequence\":19")),
        ("no such event", good.replace("\"sequence\":20", "\"sequence\":999")),
    ] {
        assert_ne!(bad, good, "{why}");
        log.keep_notes(&aggregate("ann"), vec![Note::new("state", bad)]).await.unwrap();
        let watched = Watched::new(&log).await;
        let service = snapping(&(watched.clone() as _)).await;
        assert_eq!(
            rejection(service.handle(withdraw("w1", "ann", 21)).await),
            AccountRejection::Overdrawn { balance: 20 },
            "{why}"
        );
        assert!(watched.events_loaded() >= 20, "{why}");
        noted(&log, "ann", &good).await;
    }
}

#[tokio::test]
async fn a_snapshot_whose_notes_were_removed_is_not_used() {
    let log = memory();
    long_history(&log, "ann").await;
    let running = snapping(&log).await;
    running.handle(deposit("c1", "ann", &[1])).await.unwrap();
    // As when an operator has removed all notes, and another service has begun to note anew.
    log.keep_notes(&aggregate("ann"), vec![Note::new("root", "another")]).await.unwrap();
    let watched = Watched::new(&log).await;
    let started = snapping(&(watched.clone() as _)).await;
    started.handle(deposit("c2", "ann", &[1])).await.unwrap();
    assert!(watched.events_loaded() >= 601);

    // What runs has forgotten the old commands, and can't tell by the notes any more.
    let error = running.handle(deposit("c3", "ann", &[1])).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert!(running.handle(deposit("ann-long-3", "ann", &[1; 100])).await.unwrap().repeated);
    running.handle(deposit("c3", "ann", &[1])).await.unwrap();
    assert_eq!(audited_balance(&log, "ann").await, 603);
}

#[tokio::test]
async fn a_note_of_an_event_that_is_not_there_is_not_believed() {
    let log = memory();
    long_history(&log, "ann").await;
    let event = headwater_event::Fingerprint::new("/bank", "new/0");
    log.keep_notes(&aggregate("ann"), vec![Note::new(format!("event-{event}"), "7")]).await.unwrap();
    let receipt = snapping(&log).await.handle(deposit("new", "ann", &[1])).await.unwrap();
    assert_eq!((receipt.sequence, receipt.repeated), (601, false));
}

#[tokio::test]
async fn another_version_of_the_code_takes_its_own_snapshot() {
    let log = memory();
    history(&log, "ann", 40).await;
    kept(&log, "ann", 40).await;
    let newer = || Snapshots::every(EVERY).version(2);
    let service = service(&log).await.with_snapshots(newer());
    service.handle(deposit("c1", "ann", &[1])).await.unwrap();
    kept(&log, "ann", 41).await;
    let watched = Watched::new(&log).await;
    let again = crate::bed::service(&(watched.clone() as _)).await.with_snapshots(newer());
    again.handle(deposit("c2", "ann", &[1])).await.unwrap();
    assert_eq!(watched.loads_and_appends(), (0, 1));
}

#[tokio::test]
async fn a_snapshot_of_a_stream_that_is_gone_is_not_used() {
    let memory = Arc::new(MemoryLog::new());
    let log: Log = memory.clone();
    history(&log, "ann", 20).await;
    kept(&log, "ann", 20).await;
    memory.lose_stream(&bank());
    let service = snapping(&log).await;
    assert_eq!(
        rejection(service.handle(withdraw("w1", "ann", 1)).await),
        AccountRejection::Overdrawn { balance: 0 }
    );
    for number in 0..25 {
        service.handle(deposit(&format!("new-{number}"), "ann", &[2])).await.unwrap();
    }
    kept(&log, "ann", 20).await;
    let refused = rejection(snapping(&log).await.handle(withdraw("w2", "ann", 51)).await);
    assert_eq!(refused, AccountRejection::Overdrawn { balance: 50 });
}

#[tokio::test]
async fn a_snapshot_that_becomes_due_while_another_is_kept_is_kept_after_it() {
    let log = memory();
    let watched = Watched::new(&log).await;
    let service = snapping(&(watched.clone() as _)).await;
    let held = watched.hold_notes().await;
    for number in 0..47 {
        service.handle(deposit(&format!("c{number}"), "ann", &[1])).await.unwrap();
    }
    drop(held);
    // Not the one that was due first, and not one that was due between them.
    kept(&log, "ann", 40).await;
}

/// Whether commands on an account whose snapshot is of its last event cost one round trip to read, when the service has just
/// started.
async fn costs_one_round_trip(log: &Log, balance: u64) {
    let watched = Watched::new(log).await;
    let service = snapping(&(watched.clone() as _)).await;
    rejection(service.handle(withdraw("w1", "ann", balance + 1)).await);
    assert_eq!((watched.round_trips(), watched.loads_and_appends()), (1, (0, 0)));
    let service = snapping(&(watched.clone() as _)).await;
    assert!(!service.handle(withdraw("w2", "ann", balance)).await.unwrap().repeated);
    assert_eq!((watched.round_trips(), watched.loads_and_appends()), (1, (0, 1)));
    // At most to see that it isn't handled for the second time.
    assert!(!service.handle(deposit("d1", "ann", &[1])).await.unwrap().repeated);
    assert!(watched.round_trips() <= 1);
    assert_eq!(watched.loads_and_appends(), (0, 1));
}

#[tokio::test]
async fn a_command_on_an_account_whose_snapshot_is_of_its_last_event_costs_one_round_trip_to_read() {
    let log = memory();
    history(&log, "ann", 40).await;
    kept(&log, "ann", 40).await;
    costs_one_round_trip(&log, 40).await;
}

#[tokio::test]
async fn a_command_on_an_account_with_a_long_history_costs_one_round_trip_to_read() {
    let log = memory();
    let end = long_history(&log, "ann").await;
    costs_one_round_trip(&log, end).await;
}

#[tokio::test]
async fn a_command_on_an_account_with_a_short_history_costs_one_round_trip_to_read() {
    let watched = Watched::new(&memory()).await;
    let log: Log = watched.clone();
    for number in 0..9 {
        let service = snapping(&log).await;
        service.handle(deposit(&format!("d{number}"), "ann", &[1])).await.unwrap();
        assert_eq!((watched.round_trips(), watched.loads_and_appends()), (1, (0, 1)));
    }
    assert_eq!(audited_balance(&log, "ann").await, 9);
}

#[tokio::test]
async fn a_command_on_an_account_costs_two_round_trips_when_events_came_after_its_snapshot() {
    let log = memory();
    long_history(&log, "ann").await;
    service(&log).await.handle(deposit("d1", "ann", &[1])).await.unwrap();
    let watched = Watched::new(&log).await;
    snapping(&(watched.clone() as _)).await.handle(withdraw("w1", "ann", 601)).await.unwrap();
    assert_eq!((watched.round_trips(), watched.loads_and_appends()), (2, (1, 1)));
}

#[tokio::test]
async fn a_snapshot_is_taken_also_when_a_command_is_rejected() {
    let log = memory();
    let without = service(&log).await;
    for number in 0..25 {
        without.handle(deposit(&format!("c{number}"), "ann", &[1])).await.unwrap();
    }
    rejection(snapping(&log).await.handle(withdraw("w1", "ann", 26)).await);
    kept(&log, "ann", 25).await;
}
