//! A command that comes again has been handled: the same receipt, and nothing is stored.

use headwater_publisher::{Feed, FeedSummary, Receipt};

use crate::account::{AccountRejection, deposit, withdraw};
use crate::bed::{audited_balance, embedded, ids, last, rejection, service};

fn repeated(receipt: &Receipt) -> Receipt {
    Receipt { repeated: true, ..receipt.clone() }
}

#[tokio::test]
async fn in_the_same_process() {
    let (log, _directory) = embedded();
    let service = service(&log).await;
    let one = service.handle(deposit("c1", "ann", &[5])).await.unwrap();
    let three = service.handle(deposit("c2", "ann", &[1, 2, 3])).await.unwrap();
    service.handle(deposit("c3", "ann", &[7])).await.unwrap();
    assert_eq!(service.handle(deposit("c2", "ann", &[1, 2, 3])).await.unwrap(), repeated(&three));
    assert_eq!(service.handle(deposit("c1", "ann", &[5])).await.unwrap(), repeated(&one));
    assert_eq!(last(&log).await, 5);
}

#[tokio::test]
async fn in_another_process_whether_or_not_it_takes_unknown_accounts_for_new_ones() {
    let (log, _directory) = embedded();
    let first = service(&log).await;
    first.handle(deposit("c1", "bob", &[5])).await.unwrap();
    let one = first.handle(deposit("c2", "ann", &[5])).await.unwrap();
    let three = first.handle(deposit("c3", "ann", &[1, 2, 3])).await.unwrap();
    first.handle(deposit("c4", "ann", &[7])).await.unwrap();
    for another in [service(&log).await, service(&log).await.assuming_new()] {
        assert_eq!(another.handle(deposit("c3", "ann", &[1, 2, 3])).await.unwrap(), repeated(&three));
        assert_eq!(another.handle(deposit("c2", "ann", &[5])).await.unwrap(), repeated(&one));
        assert_eq!(last(&log).await, 6);
    }
}

#[tokio::test]
async fn after_the_cache_has_forgotten_the_account() {
    let (log, _directory) = embedded();
    let service = service(&log).await.assuming_new();
    let three = service.handle(deposit("c1", "ann", &[1, 2, 3])).await.unwrap();
    let mut feed = Feed::new(service.clone());
    for number in 0..16 * 1024 {
        feed.send(deposit(&format!("other-{number}"), &format!("other-{number}"), &[1])).await.unwrap();
    }
    feed.finish().await.unwrap();
    assert_eq!(service.handle(deposit("c1", "ann", &[1, 2, 3])).await.unwrap(), repeated(&three));
    assert_eq!(last(&log).await, 3 + 16 * 1024);
}

#[tokio::test]
async fn also_when_the_account_would_refuse_it_by_now() {
    let (log, _directory) = embedded();
    let first = service(&log).await;
    first.handle(deposit("c1", "ann", &[5])).await.unwrap();
    let receipt = first.handle(withdraw("c2", "ann", 5)).await.unwrap();
    for service in [first, service(&log).await, service(&log).await.assuming_new()] {
        assert_eq!(service.handle(withdraw("c2", "ann", 5)).await.unwrap(), repeated(&receipt));
        let refused = rejection(service.handle(withdraw("c3", "ann", 5)).await);
        assert_eq!(refused, AccountRejection::Overdrawn { balance: 0 });
    }
}

#[tokio::test]
async fn also_when_it_would_yield_other_events_by_now() {
    let (log, _directory) = embedded();
    let receipt = service(&log).await.handle(deposit("c1", "ann", &[1, 2])).await.unwrap();
    for cents in [&[1][..], &[1, 2, 3], &[]] {
        let another = service(&log).await;
        assert_eq!(another.handle(deposit("c1", "ann", cents)).await.unwrap(), repeated(&receipt));
    }
    let assuming = service(&log).await.assuming_new();
    for cents in [&[1][..], &[1, 2, 3], &[]] {
        assert_eq!(assuming.handle(deposit("c1", "ann", cents)).await.unwrap(), repeated(&receipt));
    }
    assert_eq!(ids(&log).await, ["c1/0", "c1/1"]);
}

#[tokio::test]
async fn a_service_that_repeats_a_command_does_not_forget_what_happened_before_it() {
    let (log, _directory) = embedded();
    let (ours, theirs) = (service(&log).await, service(&log).await);
    theirs.handle(deposit("c1", "ann", &[100])).await.unwrap();
    ours.handle(deposit("c2", "ann", &[5])).await.unwrap();
    theirs.handle(withdraw("c3", "ann", 100)).await.unwrap();
    theirs.handle(deposit("c4", "ann", &[1])).await.unwrap();

    // We have 105 in our cache, and not the withdrawal.
    assert!(ours.handle(deposit("c4", "ann", &[1])).await.unwrap().repeated);
    let refused = rejection(ours.handle(withdraw("c5", "ann", 50)).await);
    assert_eq!(refused, AccountRejection::Overdrawn { balance: 6 });
    ours.handle(withdraw("c6", "ann", 6)).await.unwrap();
    assert_eq!(audited_balance(&log, "ann").await, 0);
}

#[tokio::test]
async fn a_service_that_takes_an_account_for_new_does_not_forget_what_happened_before_the_repeated_command() {
    let (log, _directory) = embedded();
    let first = service(&log).await;
    first.handle(deposit("c1", "ann", &[100])).await.unwrap();
    first.handle(deposit("c2", "ann", &[5])).await.unwrap();

    let another = service(&log).await.assuming_new();
    assert!(another.handle(deposit("c2", "ann", &[5])).await.unwrap().repeated);
    another.handle(deposit("c3", "ann", &[1])).await.unwrap();
    assert_eq!(audited_balance(&log, "ann").await, 106);
}

#[tokio::test]
async fn a_feed_that_comes_again_stores_nothing_refuses_nothing_and_reads_each_account_once() {
    let (log, _directory) = embedded();
    let watched = crate::watched::Watched::new(&log).await;
    let run = async || {
        let mut feed = Feed::new(service(&(watched.clone() as _)).await.assuming_new());
        for number in 0..100 {
            feed.send(deposit(&format!("in-{number}"), "ann", &[5])).await.unwrap();
            feed.send(withdraw(&format!("out-{number}"), "ann", 5)).await.unwrap();
        }
        feed.finish().await.unwrap()
    };
    assert_eq!(run().await, FeedSummary { published: 200, repeated: 0, rejected: 0 });
    assert_eq!(watched.loads_and_appends(), (0, 200));
    assert_eq!(run().await, FeedSummary { published: 0, repeated: 200, rejected: 0 });
    assert_eq!(watched.loads_and_appends(), (1, 1));
    assert_eq!(last(&log).await, 200);
}
