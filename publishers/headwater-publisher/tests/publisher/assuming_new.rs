//! An account that isn't in the cache is taken for a new one.

use headwater_publisher::Aggregates;

use crate::account::{Account, AccountRejection, deposit, freeze, open, withdraw};
use crate::bed::{audited_balance, embedded, history, rejection, service};
use crate::watched::Watched;

#[tokio::test]
async fn a_new_account_costs_no_read() {
    let (log, _directory) = embedded();
    let watched = Watched::new(&log).await;
    let service = service(&(watched.clone() as _)).await.assuming_new();
    for account in ["ann", "bob"] {
        service.handle(open(&format!("open-{account}"), account)).await.unwrap();
        service.handle(deposit(&format!("pay-{account}"), account, &[5])).await.unwrap();
    }
    assert_eq!(watched.loads_and_appends(), (0, 4));
}

#[tokio::test]
async fn one_that_isn_t_new_is_found_out_by_its_version() {
    let (log, _directory) = embedded();
    service(&log).await.handle(deposit("c1", "ann", &[5])).await.unwrap();
    let watched = Watched::new(&log).await;
    let service = service(&(watched.clone() as _)).await.assuming_new();
    service.handle(deposit("c2", "ann", &[10])).await.unwrap();
    assert_eq!(watched.loads_and_appends(), (1, 2));
    assert_eq!(audited_balance(&log, "ann").await, 15);
}

#[tokio::test]
async fn none_is_opened_twice() {
    let (log, _directory) = embedded();
    service(&log).await.handle(open("c1", "ann")).await.unwrap();
    let another = service(&log).await.assuming_new();
    assert_eq!(rejection(another.handle(open("c2", "ann")).await), AccountRejection::Open);
    assert_eq!(history(&log, "ann").await.len(), 1);
}

#[tokio::test]
async fn what_is_wrong_for_a_new_account_is_decided_on_the_stored_one() {
    let (log, _directory) = embedded();
    let first = service(&log).await;
    first.handle(deposit("c1", "ann", &[5])).await.unwrap();
    first.handle(freeze("c2", "ann", true)).await.unwrap();
    // Too much for a new account.
    let fresh = async || service(&log).await.assuming_new();
    fresh().await.handle(withdraw("c3", "ann", 5)).await.unwrap();
    // A new account isn't frozen, so there would be nothing to do.
    let receipt = fresh().await.handle(freeze("c4", "ann", false)).await.unwrap();
    assert_eq!(receipt.events, ["c4/0"]);
    assert_eq!(audited_balance(&log, "ann").await, 0);
}

#[tokio::test]
async fn a_clone_may_be_told_and_the_original_is_not_changed() {
    let (log, _directory) = embedded();
    let watched = Watched::new(&log).await;
    let original: Aggregates<Account> = service(&(watched.clone() as _)).await;
    let clone = original.clone().assuming_new();
    clone.handle(open("c1", "ann")).await.unwrap();
    assert_eq!(watched.loads_and_appends(), (0, 1));
    original.handle(open("c2", "bob")).await.unwrap();
    assert_eq!(watched.loads_and_appends(), (1, 1));
}
