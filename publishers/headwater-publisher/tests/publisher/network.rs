//! Handling commands when the network loses things.

use std::time::{Duration, Instant};

use headwater_log::{JetStreamConfig, Log};
use headwater_publisher::{HandleError, Receipt};
use tokio::time::{sleep, timeout};

use crate::account::{AccountRejection, deposit, withdraw};
use crate::bed::{
    PATIENCE, audited_balance, bank, behind_proxy, broker, ids, jetstream, last, rejection, service,
};

/// How long a log tries that isn't meant to succeed.
const SOON: Duration = Duration::from_secs(2);

/// Waits until so many events are stored.
async fn reaches(log: &Log, sequence: u64) {
    let wait = async {
        while last(log).await < sequence {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("the log doesn't reach {sequence}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_acknowledgement_is_lost_is_stored_once() {
    let (direct, server) = broker().await;
    let (log, proxy) = behind_proxy(&server, PATIENCE).await;
    let service = service(&log).await;
    service.handle(deposit("c1", "ann", &[5])).await.unwrap();
    for (id, cents, sequence) in [("c2", &[10][..], 2), ("c3", &[1, 2, 3], 5)] {
        proxy.drop_replies();
        let (handling, command) = (service.clone(), deposit(id, "ann", cents));
        let handling = tokio::spawn(async move { handling.handle(command).await });
        reaches(&direct, sequence).await;
        proxy.restore();
        let receipt = timeout(PATIENCE, handling).await.unwrap().unwrap().unwrap();
        assert_eq!((receipt.sequence, receipt.events.len()), (sequence, cents.len()));
    }
    assert_eq!(ids(&direct).await, ["c1/0", "c2/0", "c3/0", "c3/1", "c3/2"]);

    // What the service goes on from is the real state.
    let refused = rejection(service.handle(withdraw("c4", "ann", 22)).await);
    assert_eq!(refused, AccountRejection::Overdrawn { balance: 21 });
    service.handle(withdraw("c5", "ann", 21)).await.unwrap();
    assert_eq!(audited_balance(&direct, "ann").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_does_not_reach_the_log_fails_in_time_and_is_stored_once_later() {
    let (direct, server) = broker().await;
    let (log, proxy) = behind_proxy(&server, SOON).await;
    let service = service(&log).await;
    service.handle(deposit("c1", "ann", &[5])).await.unwrap();
    for (id, cents) in [("c2", &[10][..]), ("c3", &[1, 2, 3])] {
        // A connection that nobody reads from, to begin with: what is sent doesn't wait for another one.
        proxy.refuse();
        proxy.cut();
        let begin = Instant::now();
        let error = service.handle(deposit(id, "ann", cents)).await.unwrap_err();
        assert!(begin.elapsed() < PATIENCE / 3, "{:?} for a deadline of {SOON:?}", begin.elapsed());
        assert!(matches!(error, HandleError::Unknown(_)), "{error:?}");
        assert!(error.is_unavailable() && !error.is_rejected());

        let error = service.handle(deposit(id, "ann", cents)).await.unwrap_err();
        assert!(matches!(error, HandleError::Unavailable(_)) && error.is_retryable(), "{error:?}");
        proxy.accept();

        let again = timeout(PATIENCE, async {
            loop {
                match service.handle(deposit(id, "ann", cents)).await {
                    Ok(receipt) => return receipt,
                    Err(error) => assert!(error.is_unavailable(), "{error:?}"),
                }
            }
        });
        assert_eq!(again.await.unwrap().events.len(), cents.len());
    }
    assert_eq!(ids(&direct).await, ["c1/0", "c2/0", "c3/0", "c3/1", "c3/2"]);
    assert_eq!(audited_balance(&direct, "ann").await, 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_was_stored_without_an_answer_is_recognised_later() {
    let (direct, server) = broker().await;
    let (log, proxy) = behind_proxy(&server, SOON).await;
    let service = service(&log).await.assuming_new();
    for (id, account, cents, sequence) in [("c1", "ann", &[10][..], 1), ("c2", "bob", &[1, 2, 3], 4)] {
        proxy.drop_replies();
        let error = service.handle(deposit(id, account, cents)).await.unwrap_err();
        assert!(error.is_unavailable(), "{error:?}");
        proxy.restore();
        let receipt = service.handle(deposit(id, account, cents)).await.unwrap();
        assert_eq!((receipt.sequence, receipt.repeated), (sequence, true));
        assert_eq!(receipt.events.len(), cents.len());
    }
    assert_eq!(ids(&direct).await, ["c1/0", "c2/0", "c2/1", "c2/2"]);
}

#[tokio::test]
async fn a_command_is_recognised_after_the_broker_s_duplicate_window_too() {
    let (_log, server) = broker().await;
    let window = Duration::from_millis(100);
    let config = JetStreamConfig { duplicate_window: window, ..JetStreamConfig::default() };
    let log = jetstream(&server.url(), config).await;
    let first = service(&log).await;
    let one = first.handle(deposit("c1", "ann", &[5])).await.unwrap();
    let three = first.handle(deposit("c2", "ann", &[1, 2, 3])).await.unwrap();
    first.handle(deposit("c3", "ann", &[7])).await.unwrap();

    let repeated = |receipt: &Receipt| Receipt { repeated: true, ..receipt.clone() };
    for assume_new in [false, true] {
        // Whether the window is really over makes no difference, or else this test fails.
        sleep(window * 3).await;
        let another = service(&log).await;
        let another = if assume_new { another.assuming_new() } else { another };
        assert_eq!(another.handle(deposit("c2", "ann", &[1, 2, 3])).await.unwrap(), repeated(&three));
        assert_eq!(another.handle(deposit("c1", "ann", &[5])).await.unwrap(), repeated(&one));
    }
    assert_eq!(log.info(&bank()).await.unwrap().last, 5);
}
