use std::sync::Arc;
use std::time::Duration;

use headwater_subscriber::ReactorOptions;
use tokio::sync::Semaphore;

use crate::bed::{Bed, eventually};
use crate::receipts::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_acknowledged_after_its_effect_and_not_before() {
    let bed = Bed::new().await;
    let gate = Arc::new(Semaphore::new(0));
    *bed.mail.gate.lock().unwrap() = Some(gate.clone());
    bed.pay("1", 1).await;
    let reactor = bed.start().await;
    reactor.until("the event is in hand", |health| health.in_hand == 1).await;
    let consumer = bed.consumer().await;
    assert_eq!((&consumer["num_ack_pending"], &consumer["ack_floor"]["stream_seq"]), (&1.into(), &0.into()));
    assert_eq!(bed.mail.count(), 0);

    gate.add_permits(1);
    eventually("the effect is acknowledged", || async { bed.acknowledged().await == 1 }).await;
    assert_eq!(bed.mail.of("1"), [1]);
    reactor.stop().await;
}

/// The effects of some hundred events go well, and then the reactor stands still.
#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_that_is_denied_is_said() {
    let bed = Bed::denying("$JS.ACK.>").await;
    bed.pay("1", 1).await;
    let reactor = bed.start().await;
    reactor.until("it is done", |health| health.handled == 1).await;
    let denied = "denies publishing to $JS.ACK.";
    reactor
        .until("it is said", |health| health.last_error.as_ref().is_some_and(|error| error.contains(denied)))
        .await;
    assert_eq!(bed.acknowledged().await, 0);
    reactor.stop().await;
}

/// Also when nothing was acknowledged: what is written down on this machine is known there.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_down_is_not_done_again_when_the_consumer_is_made_anew() {
    let bed = Bed::new().await;
    bed.pay_many(50).await;
    let reactor = bed.start().await;
    reactor.until("all is done", |health| health.handled == 50 && health.done_up_to == 50).await;
    reactor.stop().await;
    bed.api("CONSUMER.DELETE.EVT_orders.receipts").await;
    bed.api("STREAM.DELETE.WORK").await;

    let reactor = bed.start().await;
    bed.pay("last", 7).await;
    reactor.until("the last one is done", |health| health.handled == 1).await;
    assert_eq!(reactor.health().repeated, 50);
    assert_eq!(bed.mail.count(), 51);
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_is_deleted_at_work_is_made_again_where_it_was() {
    let bed = Bed::new().await;
    bed.pay_many(50).await;
    let reactor = bed.start().await;
    reactor.until("all is done", |health| health.done_up_to == 50).await;
    bed.api("CONSUMER.DELETE.EVT_orders.receipts").await;
    bed.pay("last", 7).await;
    reactor.until("the last one is done", |health| health.handled == 51).await;
    assert_eq!(bed.mail.count(), 51);
    let begins_at = bed.consumer().await["config"]["opt_start_seq"].as_u64();
    assert!(begins_at.is_some_and(|sequence| sequence > 1), "{begins_at:?}");
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recreated_stream_is_worked_on_from_its_first_event() {
    let bed = Bed::new().await;
    bed.pay_many(5).await;
    let reactor = bed.start().await;
    reactor.until("all is done", |health| health.done_up_to == 5).await;
    reactor.stop().await;
    bed.api("STREAM.DELETE.EVT_orders").await;
    {
        use headwater_log::EventLog as _;
        bed.log.open(&"orders".parse().unwrap()).await.unwrap();
    }
    bed.pay("new", 7).await;
    let reactor = bed.start().await;
    reactor.until("the new one is done", |health| health.handled == 1).await;
    assert_eq!(bed.mail.of("new"), [7]);
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_one_key_are_handled_in_order_and_those_of_others_meanwhile() {
    let bed = Bed::new().await;
    let gate = Arc::new(Semaphore::new(0));
    *bed.mail.gate.lock().unwrap() = Some(gate.clone());
    for number in 0..20 {
        bed.pay("1", number).await;
    }
    for order in ["2", "3", "4"] {
        bed.pay(order, 0).await;
    }
    let reactor = bed.start().await;
    eventually("one of each key is under way", || async {
        bed.mail.attempts.load(std::sync::atomic::Ordering::SeqCst) == 4
    })
    .await;
    gate.add_permits(100);
    reactor.until("all is done", |health| health.handled == 23).await;
    assert_eq!(bed.mail.of("1"), (0..20).collect::<Vec<_>>());
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_after_a_crash_when_as_many_were_done_ahead_as_may_be() {
    let bed = Bed::new().await;
    bed.mail.fault("stuck", Some(Fault::Fails));
    bed.pay("stuck", 1).await;
    bed.pay_many(20).await;
    let options = || ReactorOptions {
        ahead_max: 3,
        attempts_max: u32::MAX,
        backoff_longest: Duration::from_millis(50),
        ..crate::bed::options()
    };
    let reactor = bed.start_with(options(), bed.directory.path()).await;
    reactor.until("some are done ahead", |health| health.handled >= 3).await;
    reactor.until("the record says so", |health| health.in_hand <= 18).await;
    reactor.crash().await;
    bed.mail.fault("stuck", None);
    let before = bed.mail.count();
    // The record of an aborted task is closed a moment later.
    let reactor = bed.start_with(options(), bed.directory.path()).await;
    reactor.until("all is done", |health| health.done_up_to == 21).await;
    assert_eq!(bed.mail.of("stuck"), [1]);
    assert!(before >= 3 && bed.mail.count() <= 21 + 20, "{before}, then {}", bed.mail.count());
    reactor.stop().await;
}
