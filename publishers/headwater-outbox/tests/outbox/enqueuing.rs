use headwater_event::{CommandContext, EventSet as _, TraceContext};
use headwater_outbox::{EnqueueError, Enqueued};
use jiff::Timestamp;
use tokio_postgres::IsolationLevel;

use crate::bank::{Booked, Booking, Visited, booked};
use crate::bed::{Bed, SOURCE};
use crate::cases::group;

group![
    an_event_is_relayed_as_it_was_enqueued,
    what_is_rolled_back_is_never_published,
    a_command_is_enqueued_once,
    a_command_that_was_relayed_long_ago_is_still_known,
    the_same_command_in_two_transactions_at_once_is_enqueued_once,
    a_command_id_that_is_used_for_other_events_is_refused,
    one_command_may_concern_aggregates_of_several_kinds,
    a_command_that_led_to_nothing_is_known_too,
    a_transaction_that_others_have_overtaken_can_be_retried,
    a_transaction_that_waits_too_long_for_another_one_can_be_retried,
    a_commit_that_is_not_flushed_becomes_one_that_is,
];

async fn an_event_is_relayed_as_it_was_enqueued() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    let at: Timestamp = "2026-03-01T12:00:00.123456789Z".parse().unwrap();
    let trace: TraceContext = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".parse().unwrap();
    let context = CommandContext::new("c 1\u{e9}").with_correlation_id("flow-1").with_trace(trace);
    let events = [booked("a.*> \u{1F4A7}"), booked("a.*> \u{1F4A7}")];
    let transaction = client.transaction().await.unwrap();
    assert_eq!(bed.outbox.enqueue(&transaction, &context, at, &events).await.unwrap(), Enqueued::New);
    transaction.commit().await.unwrap();
    let summary = bed.drain().await;
    assert_eq!((summary.appends, summary.events, summary.repeated, summary.conflicts), (1, 2, 0, 0));

    let stored = bed.stored().await;
    assert_eq!(stored.len(), 2);
    for (index, stored) in stored.iter().enumerate() {
        let expected = context.envelope(&events[index], index, SOURCE, at).unwrap();
        assert_eq!(stored.envelope, expected);
        assert_eq!(stored.envelope.correlation_id(), Some("flow-1"));
        assert_eq!(stored.envelope.causation_id(), Some("c 1\u{e9}"));
        let decoded = Booked::decode(stored.envelope.event_type().unwrap(), stored.envelope.data());
        assert_eq!(decoded.unwrap().unwrap().note, events[index].note);
    }
}

async fn what_is_rolled_back_is_never_published() {
    let bed = Bed::new().await;
    let (mut client, relay) = (bed.client().await, bed.relay());
    let undone = Booking { rolls_back: true, ..Booking::new("undone", &["a"]) };
    assert_eq!(undone.book(&mut client, &bed.outbox).await.unwrap(), Enqueued::New);
    // Also in a part of a transaction.
    let mut transaction = client.transaction().await.unwrap();
    let mut part = transaction.savepoint("part").await.unwrap();
    for (id, keep) in [("kept", true), ("undone-too", false)] {
        let savepoint = part.transaction().await.unwrap();
        let context = CommandContext::new(id);
        let insert = "INSERT INTO ledger (command, account, times) VALUES ($1, 'a', 1)";
        savepoint.execute(insert, &[&id]).await.unwrap();
        let enqueued = bed.outbox.enqueue(&savepoint, &context, Timestamp::now(), &[booked("a")]).await;
        assert_eq!(enqueued.unwrap(), Enqueued::New);
        if keep { savepoint.commit().await.unwrap() } else { savepoint.rollback().await.unwrap() }
    }
    part.commit().await.unwrap();
    transaction.commit().await.unwrap();
    bed.book("after", &["a"]).await;
    bed.drained().await;
    relay.stop().await.unwrap();
    assert_eq!(bed.ids().await, ["kept/0", "after/0"]);
    bed.audit().await;
    // What was undone can be done later.
    bed.book("undone", &["a"]).await;
    bed.drain().await;
    assert_eq!(bed.ids().await.last().unwrap(), "undone/0");
}

async fn a_command_is_enqueued_once() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    let booking = Booking::new("c1", &["a", "b", "a"]);
    assert_eq!(booking.book(&mut client, &bed.outbox).await.unwrap(), Enqueued::New);
    assert_eq!(booking.book(&mut client, &bed.outbox).await.unwrap(), Enqueued::Repeated);
    let transaction = client.transaction().await.unwrap();
    for expected in [Enqueued::New, Enqueued::Repeated] {
        let context = CommandContext::new("c2");
        let enqueued = bed.outbox.enqueue(&transaction, &context, Timestamp::now(), &[booked("a")]).await;
        assert_eq!(enqueued.unwrap(), expected);
    }
    transaction.rollback().await.unwrap();
    bed.drain().await;
    assert_eq!(booking.book(&mut client, &bed.outbox).await.unwrap(), Enqueued::Repeated);
    bed.drain().await;
    assert_eq!(bed.stored().await.len(), 3);
    // The audit wants what happened to an account to stand together in the ledger.
    let b = bed.log.load(&crate::bank::account("b"), 0).await.unwrap();
    assert_eq!(b.iter().map(|event| event.envelope.id()).collect::<Vec<_>>(), ["c1/1"]);
}

async fn a_command_that_was_relayed_long_ago_is_still_known() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    bed.book("c1", &["a"]).await;
    bed.drain().await;
    client
        .batch_execute("UPDATE headwater_outbox_commands SET enqueued_at = now() - interval '90 days'")
        .await
        .unwrap();
    let again = Booking::new("c1", &["a"]).book(&mut client, &bed.outbox).await.unwrap();
    assert_eq!(again, Enqueued::Repeated);
    bed.audit().await;
}

async fn the_same_command_in_two_transactions_at_once_is_enqueued_once() {
    let bed = Bed::new().await;
    let mut tasks = Vec::new();
    for number in 0..40 {
        for _ in 0..2 {
            let (mut client, outbox) = (bed.client().await, bed.outbox.clone());
            let booking = Booking::new(&format!("c{number}"), &["a", "b"]);
            tasks.push(tokio::spawn(async move { booking.book(&mut client, &outbox).await.unwrap() }));
        }
        if number % 8 == 7 {
            for task in tasks.drain(..) {
                let _enqueued: Enqueued = task.await.unwrap();
            }
        }
    }
    bed.drain().await;
    assert_eq!(bed.audit().await.events, 80);
}

async fn a_command_id_that_is_used_for_other_events_is_refused() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    bed.book("c1", &["a"]).await;
    let error = Booking::new("c1", &["b"]).book(&mut client, &bed.outbox).await.unwrap_err();
    let error = error.downcast::<EnqueueError>().unwrap();
    assert!(!error.is_retryable());
    let EnqueueError::Reused { command, stored, given } = *error else { panic!("{error:?}") };
    assert_eq!(command, "c1");
    assert_eq!(
        (stored, given),
        (vec!["evt.bank.account.booked.a".into()], vec!["evt.bank.account.booked.b".into()])
    );
    bed.drain().await;
    bed.audit().await;
}

async fn one_command_may_concern_aggregates_of_several_kinds() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    let transaction = client.transaction().await.unwrap();
    let context = CommandContext::new("c1");
    let command = bed.outbox.command(&context, Timestamp::now());
    let visited = Visited { branch: "north".into() };
    let command = command.event(&booked("a")).event(&visited).event(&booked("a"));
    assert_eq!(command.enqueue(&transaction).await.unwrap(), Enqueued::New);
    transaction.commit().await.unwrap();
    assert_eq!(bed.drain().await.appends, 2);
    let mut ids = bed.ids().await;
    ids.sort();
    assert_eq!(ids, ["c1/0", "c1/1", "c1/2"]);
}

async fn a_command_that_led_to_nothing_is_known_too() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    // What the first time has changed may change what is decided the second time.
    for (id, first, second) in [("c1", 0, 0), ("c2", 0, 1), ("c3", 1, 0)] {
        for (count, expected) in [(first, Enqueued::New), (second, Enqueued::Repeated)] {
            let transaction = client.transaction().await.unwrap();
            let (context, events) = (CommandContext::new(id), vec![booked("a"); count]);
            let enqueued = bed.outbox.enqueue(&transaction, &context, Timestamp::now(), &events).await;
            assert_eq!(enqueued.unwrap(), expected, "{id}");
            transaction.commit().await.unwrap();
        }
    }
    bed.drain().await;
    assert_eq!(bed.ids().await, ["c3/0"]);
}

async fn a_transaction_that_waits_too_long_for_another_one_can_be_retried() {
    let bed = Bed::new().await;
    let (mut first, mut second) = (bed.client().await, bed.client().await);
    second.batch_execute("SET lock_timeout = '50ms'").await.unwrap();
    let (c1, c2) = (CommandContext::new("c1"), CommandContext::new("c2"));
    let one = first.transaction().await.unwrap();
    let enqueued = bed.outbox.enqueue(&one, &c1, Timestamp::now(), &[booked("a")]).await;
    assert_eq!(enqueued.unwrap(), Enqueued::New);
    let other = second.transaction().await.unwrap();
    let error = bed.outbox.enqueue(&other, &c2, Timestamp::now(), &[booked("a")]).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    other.rollback().await.unwrap();
    one.commit().await.unwrap();
    let again = second.transaction().await.unwrap();
    let enqueued = bed.outbox.enqueue(&again, &c2, Timestamp::now(), &[booked("a")]).await;
    assert_eq!(enqueued.unwrap(), Enqueued::New);
    again.commit().await.unwrap();
    bed.drain().await;
    assert_eq!(bed.ids().await, ["c1/0", "c2/0"]);
}

async fn a_transaction_that_others_have_overtaken_can_be_retried() {
    let bed = Bed::new().await;
    let (mut first, mut second) = (bed.client().await, bed.client().await);
    bed.book("c1", &["a"]).await;
    let serializable = |client| tokio_postgres::Client::build_transaction(client);
    let one = serializable(&mut first).isolation_level(IsolationLevel::RepeatableRead).start().await.unwrap();
    one.query("SELECT * FROM ledger", &[]).await.unwrap();
    let other = Booking::new("c2", &["a"]).book(&mut second, &bed.outbox).await;
    assert_eq!(other.unwrap(), Enqueued::New);
    let context = CommandContext::new("c3");
    let error = bed.outbox.enqueue(&one, &context, Timestamp::now(), &[booked("a")]).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    one.rollback().await.unwrap();
    bed.book("c3", &["a"]).await;
    bed.drain().await;
    assert_eq!(bed.ids().await, ["c1/0", "c2/0", "c3/0"]);
}

async fn a_commit_that_is_not_flushed_becomes_one_that_is() {
    let bed = Bed::new().await;
    let mut client = bed.client().await;
    client.batch_execute("SET synchronous_commit = off").await.unwrap();
    let transaction = client.transaction().await.unwrap();
    let context = CommandContext::new("c1");
    let enqueued = bed.outbox.enqueue(&transaction, &context, Timestamp::now(), &[booked("a")]).await;
    assert_eq!(enqueued.unwrap(), Enqueued::New);
    let setting = "SELECT current_setting('synchronous_commit')";
    assert_eq!(transaction.query_one(setting, &[]).await.unwrap().get::<_, String>(0), "on");
    transaction.commit().await.unwrap();
    assert_eq!(client.query_one(setting, &[]).await.unwrap().get::<_, String>(0), "off");
}
