use headwater_event::CommandContext;
use headwater_outbox::{Enqueued, Outbox};
use jiff::Timestamp;
use tokio_postgres::{Client, Transaction};

use crate::bank::{booked, joined, write};
use crate::bed::{Bed, eventually};
use crate::cases::group;

group![
    two_transactions_that_interleave_are_relayed_in_the_order_of_their_commits,
    a_position_that_becomes_visible_late_is_not_skipped,
    an_open_transaction_holds_up_neither_other_aggregates_nor_what_is_written_down,
    transactions_that_enqueue_for_the_same_aggregates_do_not_deadlock,
    many_writers_without_any_other_lock_are_relayed_in_the_order_of_their_commits,
];

/// Enqueues, and enters it in the ledger, in the caller's transaction.
async fn enqueue(outbox: &Outbox, transaction: &Transaction<'_>, id: &str, accounts: &[&str]) {
    for account in accounts {
        let insert = "INSERT INTO ledger (command, account, times) VALUES ($1, $2, 1)";
        transaction.execute(insert, &[&id, account]).await.unwrap();
    }
    let events: Vec<_> = accounts.iter().map(|account| booked(account)).collect();
    let context = CommandContext::new(id);
    let enqueued = outbox.enqueue(transaction, &context, Timestamp::now(), &events).await.unwrap();
    assert_eq!(enqueued, Enqueued::New);
}

/// Waits until somebody waits for a lock.
async fn somebody_waits(observer: &Client) {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
    eventually("a transaction waits", async || {
        observer.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0
    })
    .await;
}

async fn two_transactions_that_interleave_are_relayed_in_the_order_of_their_commits() {
    let bed = Bed::new().await;
    let (mut one, mut two, observer) = (bed.client().await, bed.client().await, bed.client().await);
    let relay = bed.relay();
    // The second one begins first, and has a lower transaction id.
    let second = two.transaction().await.unwrap();
    second.query_one("SELECT pg_current_xact_id()::text", &[]).await.unwrap();
    let first = one.transaction().await.unwrap();
    enqueue(&bed.outbox, &first, "first", &["a"]).await;
    let late = async {
        enqueue(&bed.outbox, &second, "second", &["a"]).await;
        second.commit().await.unwrap();
    };
    let early = async {
        somebody_waits(&observer).await;
        first.commit().await.unwrap();
    };
    tokio::join!(late, early);
    bed.drained().await;
    relay.stop().await.unwrap();
    assert_eq!(bed.ids().await, ["first/0", "second/0"]);
    bed.audit().await;
}

async fn a_position_that_becomes_visible_late_is_not_skipped() {
    let bed = Bed::new().await;
    let (mut one, relay) = (bed.client().await, bed.relay());
    let open = one.transaction().await.unwrap();
    enqueue(&bed.outbox, &open, "low", &["a", "b"]).await;
    bed.book("high", &["c"]).await;
    // It is relayed and deleted, while one with a lower position can't be seen yet.
    bed.drained().await;
    assert_eq!(bed.ids().await, ["high/0"]);
    open.commit().await.unwrap();
    bed.drained().await;
    relay.stop().await.unwrap();
    assert_eq!(bed.audit().await.events, 3);
}

async fn an_open_transaction_holds_up_neither_other_aggregates_nor_what_is_written_down() {
    let bed = Bed::new().await;
    let mut one = bed.client().await;
    bed.book("c1", &["a"]).await;
    // The aggregate of what waits is locked by a transaction that doesn't end.
    let open = one.transaction().await.unwrap();
    enqueue(&bed.outbox, &open, "c2", &["a"]).await;
    let relay = bed.relay();
    bed.book("c3", &["b"]).await;
    bed.drained().await;
    let mut ids = bed.ids().await;
    ids.sort();
    assert_eq!(ids, ["c1/0", "c3/0"]);
    open.commit().await.unwrap();
    bed.drained().await;
    relay.stop().await.unwrap();
    bed.audit().await;
}

async fn transactions_that_enqueue_for_the_same_aggregates_do_not_deadlock() {
    let bed = Bed::new().await;
    let mut tasks = Vec::new();
    for writer in 0..4 {
        let (mut client, outbox) = (bed.client().await, bed.outbox.clone());
        tasks.push(tokio::spawn(async move {
            for number in 0..50 {
                let mut accounts = ["a", "b", "c", "d"];
                accounts.rotate_left(writer);
                let transaction = client.transaction().await.unwrap();
                enqueue(&outbox, &transaction, &format!("{writer}-{number}"), &accounts).await;
                transaction.commit().await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    bed.drain().await;
    assert_eq!(bed.audit().await.events, 800);
}

async fn many_writers_without_any_other_lock_are_relayed_in_the_order_of_their_commits() {
    let bed = Bed::new().await;
    let relay = bed.relay();
    joined(write(&bed.config(), &bed.outbox, "c", 8, 100)).await;
    bed.drained().await;
    let summary = relay.stop().await.unwrap();
    let audit = bed.audit().await;
    assert_eq!(usize::try_from(summary.events).unwrap(), audit.events);
    assert_eq!((summary.conflicts, summary.refused), (0, 0));
}
