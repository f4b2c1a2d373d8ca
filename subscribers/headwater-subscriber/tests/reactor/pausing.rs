use std::sync::atomic::Ordering;
use std::time::Duration;

use headwater_subscriber::{BreakerState, ReactorOptions};

use crate::bed::{Bed, options};
use crate::receipts::Fault;

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_downstream_burns_no_attempt_of_a_thousand_events() {
    let bed = Bed::new().await;
    bed.mail.is_down.store(true, Ordering::SeqCst);
    bed.pay_many(1000).await;
    let options = ReactorOptions {
        work: headwater_log::WorkConfig { ack_wait: Duration::from_secs(2), ..options().work },
        ..options()
    };
    let reactor = bed.start_with(options, bed.directory.path()).await;
    reactor.until("the breaker is open", |health| health.breaker == BreakerState::Open).await;
    reactor.until("it has probed", |health| health.unavailable_attempts > 40).await;
    // Longer than the server waits: it is told that the work goes on.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let health = reactor.health();
    assert_eq!((health.handled, health.failed_attempts, health.letters), (0, 0, 0), "{health:?}");
    assert_eq!(health.last_error.as_deref(), Some("connection refused"));
    assert_eq!(bed.consumer().await["num_redelivered"], 0);
    assert!(bed.mail.attempts.load(Ordering::SeqCst) < 200, "it goes on attempting");

    bed.mail.is_down.store(false, Ordering::SeqCst);
    reactor.until("all are done", |health| health.handled == 1000).await;
    let health = reactor.health();
    assert_eq!((health.failed_attempts, health.letters), (0, 0), "{health:?}");
    assert_eq!((health.breaker, bed.mail.count()), (BreakerState::Closed, 1000));
    assert_eq!(bed.mail.attempt_max.load(Ordering::SeqCst), 1);
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_downstream_that_swallows_requests_burns_no_attempt_either() {
    let bed = Bed::new().await;
    bed.mail.is_silent.store(true, Ordering::SeqCst);
    bed.pay_many(100).await;
    let options = ReactorOptions { attempt_time_max: Duration::from_millis(300), ..options() };
    let reactor = bed.start_with(options, bed.directory.path()).await;
    reactor.until("the breaker is open", |health| health.breaker == BreakerState::Open).await;
    reactor.until("it has probed", |health| health.failed_attempts > 40).await;
    bed.mail.is_silent.store(false, Ordering::SeqCst);
    reactor.until("all are done", |health| health.handled == 100).await;
    assert_eq!(reactor.health().letters, 0);
    reactor.stop().await;
}

/// A reactor with a few keys has never enough attempts in a row that took too long.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_downstream_burns_no_attempt_of_a_quiet_reactor() {
    let bed = Bed::new().await;
    bed.mail.is_silent.store(true, Ordering::SeqCst);
    bed.pay_many(3).await;
    let options = ReactorOptions { attempt_time_max: Duration::from_millis(300), ..options() };
    let reactor = bed.start_with(options, bed.directory.path()).await;
    reactor.until("it has probed", |health| health.failed_attempts > 12 || health.letters > 0).await;
    assert_eq!((reactor.health().letters, reactor.health().handled), (0, 0));
    bed.mail.is_silent.store(false, Ordering::SeqCst);
    reactor.until("all are done", |health| health.handled == 3).await;
    assert_eq!((reactor.health().letters, reactor.health().breaker), (0, BreakerState::Closed));
    reactor.stop().await;
}

/// They are excused when others aren't answered either, and not for ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_few_events_that_never_end_are_parked_when_others_are_answered() {
    let bed = Bed::new().await;
    for order in ["hangs 1", "hangs 2", "hangs 3"] {
        bed.mail.fault(order, Some(Fault::Hangs));
        bed.pay(order, 1).await;
    }
    let options = ReactorOptions { attempt_time_max: Duration::from_millis(300), ..options() };
    let reactor = bed.start_with(options, bed.directory.path()).await;
    reactor.until("it pauses", |health| health.breaker != BreakerState::Closed).await;
    bed.pay("good", 1).await;
    reactor.until("they are parked", |health| health.letters == 3).await;
    assert_eq!((reactor.health().handled, reactor.health().breaker), (1, BreakerState::Closed));
    reactor.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stops_while_the_downstream_is_dead_and_goes_on_later() {
    let bed = Bed::new().await;
    bed.mail.is_down.store(true, Ordering::SeqCst);
    bed.pay_many(20).await;
    let reactor = bed.start().await;
    reactor.until("the breaker is open", |health| health.breaker == BreakerState::Open).await;
    reactor.stop().await;
    bed.mail.is_down.store(false, Ordering::SeqCst);
    let reactor = bed.start().await;
    reactor.until("all are done", |health| health.handled == 20).await;
    assert_eq!(bed.mail.count(), 20);
    reactor.stop().await;
}
