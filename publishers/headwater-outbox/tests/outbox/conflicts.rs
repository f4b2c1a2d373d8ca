use std::time::Duration;

use headwater_log::testkit::Proxy;
use headwater_log::{Append, EmbeddedLog, EventLog as _};
use headwater_outbox::RelayError;
use tokio::time::sleep;

use crate::bank::{account, bank, joined, write};
use crate::bed::{Bed, DUPLICATE_WINDOW, SOURCE, eventually, jetstream};
use crate::cases::group;

group![
    an_event_comes_after_what_another_writer_has_appended,
    an_aggregate_that_was_there_before_the_outbox_goes_on,
    a_writer_that_always_appends_too_is_no_obstacle,
    an_append_whose_answer_is_lost_is_stored_once,
    an_append_that_a_dead_relay_has_stored_is_recognised_a_month_later,
    a_stream_that_has_lost_events_stops_the_relay,
];

async fn an_event_comes_after_what_another_writer_has_appended() {
    let bed = Bed::new().await;
    let relay = bed.relay();
    bed.book("c1", &["a"]).await;
    bed.drained().await;
    bed.interfere("x1", "a").await;
    bed.book("c2", &["a", "a"]).await;
    bed.drained().await;
    bed.book("c3", &["a"]).await;
    bed.drained().await;
    let summary = relay.stop().await.unwrap();
    assert_eq!((summary.conflicts, summary.repeated), (1, 0));
    assert_eq!(bed.ids().await, ["c1/0", "x1/0", "c2/0", "c2/1", "c3/0"]);
}

async fn an_aggregate_that_was_there_before_the_outbox_goes_on() {
    let bed = Bed::new().await;
    for id in ["x1", "x2", "x3"] {
        bed.interfere(id, "a").await;
    }
    bed.book("c1", &["a"]).await;
    assert_eq!(bed.drain().await.conflicts, 1);
    // From now on its version is known.
    bed.book("c2", &["a"]).await;
    assert_eq!(bed.drain().await.conflicts, 0);
    assert_eq!(bed.ids().await, ["x1/0", "x2/0", "x3/0", "c1/0", "c2/0"]);
}

async fn a_writer_that_always_appends_too_is_no_obstacle() {
    let bed = Bed::new().await;
    let relay = bed.relay();
    let writers = write(&bed.config(), &bed.outbox, "c", 2, 60);
    for number in 0..60 {
        // It may be too late itself.
        let aggregate = account(&format!("account-{}", number % 12));
        let version = bed.log.load(&aggregate, 0).await.unwrap().last().map_or(0, |last| last.sequence);
        let envelope = headwater_event::CommandContext::new(format!("x{number}"))
            .envelope(&crate::bank::booked(aggregate.id()), 0, "/another", jiff::Timestamp::now())
            .unwrap();
        bed.log.append(Append { aggregate, expected: version, events: vec![envelope] }).await.ok();
    }
    joined(writers).await;
    bed.drained().await;
    relay.stop().await.unwrap();
    bed.audit().await;
}

/// The broker has stored what the relay sent, and the relay doesn't learn it, while time goes by and others go on.
async fn an_append_whose_answer_is_lost_is_stored_once() {
    let bed = Bed::new().await;
    let proxy = Proxy::start(bed.broker.port()).await.unwrap();
    let relay = bed.relay_to(jetstream(&proxy.url()).await);
    bed.book("c1", &["a", "b", "b"]).await;
    bed.drained().await;

    proxy.drop_replies();
    bed.book("c2", &["a"]).await;
    bed.book("c3", &["b", "b"]).await;
    bed.reaches(6).await;
    bed.interfere("x1", "a").await;
    bed.interfere("x2", "b").await;
    the_duplicate_window_passes().await;
    assert_eq!(bed.outbox.pending(&bed.client().await).await.unwrap().appends, 2);
    proxy.restore();

    bed.drained().await;
    bed.book("c4", &["a", "b", "b"]).await;
    bed.drained().await;
    let summary = relay.stop().await.unwrap();
    assert_eq!(summary.repeated, 2);
    assert_eq!(bed.audit().await.events, 9);
}

/// Only the dead relay knew at which version it appended, and there is nothing left of it but the stream.
async fn an_append_that_a_dead_relay_has_stored_is_recognised_a_month_later() {
    let bed = Bed::new().await;
    let (mut holder, client) = (bed.client().await, bed.client().await);
    let relay = bed.relay();
    bed.book("c1", &["a", "b"]).await;
    bed.drained().await;
    for name in ["a", "b"] {
        bed.interfere(&format!("x-{name}"), name).await;
    }
    let hold = holder.transaction().await.unwrap();
    hold.batch_execute("LOCK TABLE headwater_outbox_relayed IN EXCLUSIVE MODE").await.unwrap();
    bed.book("c2", &["a", "b", "b"]).await;
    bed.reaches(7).await;
    // It is stored and can't be written down; here the relay dies.
    relay.abort();
    let sessions = "pg_stat_activity WHERE application_name = 'headwater-outbox relay'";
    eventually("the dead relay's session is gone", async || {
        let terminate = format!("SELECT count(pg_terminate_backend(pid)) FROM {sessions}");
        client.query_one(&terminate, &[]).await.unwrap().get::<_, i64>(0) == 0
    })
    .await;
    hold.rollback().await.unwrap();
    the_duplicate_window_passes().await;
    for number in 0..10 {
        bed.interfere(&format!("y{number}"), "a").await;
        bed.interfere(&format!("z{number}"), "b").await;
    }
    bed.book("c3", &["a", "b"]).await;
    let summary = bed.drain().await;
    assert_eq!((summary.appends, summary.repeated), (4, 2));
    assert_eq!(bed.audit().await.events, 7);
    let order: Vec<_> =
        bed.stored().await.into_iter().filter(|event| event.envelope.source() == SOURCE).collect();
    assert_eq!(order.last().unwrap().envelope.causation_id(), Some("c3"));
}

/// Whether it is really over makes no difference, or else a test fails.
async fn the_duplicate_window_passes() {
    sleep(DUPLICATE_WINDOW * 3 + Duration::from_millis(50)).await;
}

async fn a_stream_that_has_lost_events_stops_the_relay() {
    let bed = Bed::new().await;
    bed.book("c1", &["a"]).await;
    bed.drain().await;
    let directory = tempfile::tempdir().unwrap();
    let restored = EmbeddedLog::open(directory.path()).unwrap();
    restored.open(&bank()).await.unwrap();
    bed.book("c2", &["a"]).await;
    let error = bed.relay_to(std::sync::Arc::new(restored)).end().await.unwrap_err();
    let RelayError::StreamBehind { aggregate, expected, actual } = &error else { panic!("{error:?}") };
    assert_eq!((aggregate, *expected, *actual), (&account("a"), 1, 0));
    // Nothing is lost.
    bed.drain().await;
    assert_eq!(bed.audit().await.events, 2);
}
