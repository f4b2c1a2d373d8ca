//! Others change an account behind the cache's back.

use crate::account::{AccountEvent, AccountRejection, deposit, freeze, open, withdraw};
use crate::bed::{audited_balance, embedded, history, last, rejection, service};
use crate::watched::Watched;

#[tokio::test]
async fn what_is_in_the_cache_is_not_read_again() {
    let (log, _directory) = embedded();
    let watched = Watched::new(&log).await;
    let service = service(&(watched.clone() as _)).await;
    for id in ["c1", "c2", "c3"] {
        service.handle(deposit(id, "ann", &[5])).await.unwrap();
    }
    assert_eq!(watched.loads_and_appends(), (1, 3));
}

#[tokio::test]
async fn a_decision_on_an_old_state_is_made_again_on_the_real_one() {
    let (log, _directory) = embedded();
    let (ours, theirs) = (service(&log).await, service(&log).await);
    ours.handle(deposit("c1", "ann", &[5])).await.unwrap();
    theirs.handle(deposit("c2", "ann", &[10])).await.unwrap();
    ours.handle(deposit("c3", "ann", &[20, 30])).await.unwrap();
    assert_eq!(audited_balance(&log, "ann").await, 65);

    theirs.handle(withdraw("c4", "ann", 60)).await.unwrap();
    let refused = rejection(ours.handle(withdraw("c5", "ann", 6)).await);
    assert_eq!(refused, AccountRejection::Overdrawn { balance: 5 });
}

#[tokio::test]
async fn an_old_state_rejects_nothing() {
    let (log, _directory) = embedded();
    let (ours, theirs) = (service(&log).await, service(&log).await);
    ours.handle(deposit("c1", "ann", &[5])).await.unwrap();
    theirs.handle(deposit("c2", "ann", &[10])).await.unwrap();
    let receipt = ours.handle(withdraw("c3", "ann", 15)).await.unwrap();
    assert_eq!(receipt.sequence, 3);
    assert_eq!(audited_balance(&log, "ann").await, 0);
}

#[tokio::test]
async fn an_old_state_does_not_make_a_command_superfluous() {
    let (log, _directory) = embedded();
    let (ours, theirs) = (service(&log).await, service(&log).await);
    ours.handle(freeze("c1", "ann", true)).await.unwrap();
    theirs.handle(freeze("c2", "ann", false)).await.unwrap();
    let receipt = ours.handle(freeze("c3", "ann", true)).await.unwrap();
    assert_eq!(receipt.events, ["c3/0"]);
    assert!(matches!(&history(&log, "ann").await[2], AccountEvent::Frozen(frozen) if frozen.frozen));
}

#[tokio::test]
async fn a_command_that_another_service_has_handled_is_recognised() {
    let (log, _directory) = embedded();
    let (ours, theirs) = (service(&log).await, service(&log).await);
    ours.handle(open("c1", "ann")).await.unwrap();
    theirs.handle(deposit("c2", "ann", &[5, 10])).await.unwrap();
    let receipt = ours.handle(deposit("c2", "ann", &[5, 10])).await.unwrap();
    assert!(receipt.repeated);
    assert_eq!((receipt.sequence, receipt.events.len()), (3, 2));
    assert_eq!(last(&log).await, 3);
}
