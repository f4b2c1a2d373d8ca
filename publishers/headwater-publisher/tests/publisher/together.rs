//! A command on which several accounts decide: all their events are stored, or none.

use headwater_event::CommandContext;
use headwater_log::Log;
use headwater_publisher::{Aggregates, Command, HandleError, Receipt, Together};
use jiff::Timestamp;

use crate::account::{Account, AccountCommand, AccountRejection, deposit, withdraw};
use crate::bed::{
    SOURCE, audited_balance, broker, embedded, history, ids, last, memory, rejection, service, stored,
};
use crate::watched::Watched;

/// From one account to another.
async fn transfer(
    service: &Aggregates<Account>,
    id: &str,
    (from, to): (&str, &str),
    cents: u64,
) -> Result<Receipt, HandleError<AccountRejection>> {
    let ask = |account: &str, command| (account.to_owned(), command);
    let withdraw = Command {
        key: from.to_owned(),
        command: ask(from, AccountCommand::Withdraw { cents }),
        context: CommandContext::new(id),
        at: Timestamp::UNIX_EPOCH,
    };
    let deposit = ask(to, AccountCommand::Deposit { cents: vec![cents], note: String::new() });
    Together::of(service, withdraw).and(service, to.to_owned(), deposit).handle().await
}

#[tokio::test]
async fn both_accounts_of_a_transfer_change_at_once() {
    let (log, _directory) = embedded();
    let service = service(&log).await;
    service.handle(deposit("c1", "ann", &[50])).await.unwrap();
    let receipt = transfer(&service, "t1", ("ann", "bob"), 20).await.unwrap();
    assert_eq!((receipt.sequence, receipt.repeated), (3, false));
    assert_eq!(receipt.events, ["t1/0", "t1/1"]);
    assert_eq!(ids(&log).await, ["c1/0", "t1/0", "t1/1"]);
    assert_eq!((audited_balance(&log, "ann").await, audited_balance(&log, "bob").await), (30, 20));

    // What is kept in memory is what the log has.
    service.handle(withdraw("c2", "ann", 30)).await.unwrap();
    service.handle(withdraw("c3", "bob", 20)).await.unwrap();
    assert_eq!((audited_balance(&log, "ann").await, audited_balance(&log, "bob").await), (0, 0));
    let correlations: Vec<_> =
        stored(&log).await.iter().map(|event| event.envelope.correlation_id().unwrap().to_owned()).collect();
    assert_eq!(correlations, ["c1", "t1", "t1", "c2", "c3"]);
}

#[tokio::test]
async fn who_rejects_its_part_rejects_the_whole() {
    let (log, _directory) = embedded();
    let service = service(&log).await;
    service.handle(deposit("c1", "ann", &[5])).await.unwrap();
    let overdrawn = rejection(transfer(&service, "t1", ("ann", "bob"), 6).await);
    assert_eq!(overdrawn, AccountRejection::Overdrawn { balance: 5 });
    assert_eq!(ids(&log).await, ["c1/0"]);
}

#[tokio::test]
async fn a_transfer_that_is_handled_again_is_stored_once() {
    let (log, _directory) = embedded();
    let first = service(&log).await;
    first.handle(deposit("c1", "ann", &[50])).await.unwrap();
    let receipt = transfer(&first, "t1", ("ann", "bob"), 20).await.unwrap();
    first.handle(withdraw("c2", "bob", 20)).await.unwrap();
    for service in [first, service(&log).await] {
        let again = transfer(&service, "t1", ("ann", "bob"), 20).await.unwrap();
        assert_eq!(again, Receipt { repeated: true, ..receipt.clone() });
    }
    assert_eq!(last(&log).await, 4);
}

#[tokio::test(start_paused = true)]
async fn when_others_were_first_all_is_decided_again() {
    let log = memory();
    let watched = Watched::new(&log).await;
    let service = service(&(watched.clone() as _)).await;
    service.handle(deposit("c1", "ann", &[50])).await.unwrap();
    watched.let_rival_win(3);
    transfer(&service, "t1", ("ann", "bob"), 20).await.unwrap();
    assert_eq!((audited_balance(&log, "ann").await, audited_balance(&log, "bob").await), (33, 23));

    watched.let_rival_win(10);
    let error = transfer(&service, "t2", ("ann", "bob"), 20).await.unwrap_err();
    assert!(matches!(error, HandleError::Conflict { attempts: 10, .. }), "{error:?}");
    assert_eq!((audited_balance(&log, "ann").await, audited_balance(&log, "bob").await), (43, 33));
}

#[tokio::test]
async fn an_account_that_takes_part_twice_is_a_mistake() {
    let (log, _directory) = embedded();
    let service = service(&log).await;
    service.handle(deposit("c1", "ann", &[50])).await.unwrap();
    let error = transfer(&service, "t1", ("ann", "ann"), 20).await.unwrap_err();
    assert!(matches!(error, HandleError::Invalid(_)), "{error:?}");
    assert_eq!(last(&log).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_in_a_circle_lose_nothing_in_the_embedded_log() {
    let (log, _directory) = embedded();
    transfers_in_a_circle_lose_nothing(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transfers_in_a_circle_lose_nothing_in_jetstream() {
    let (log, _server) = broker().await;
    transfers_in_a_circle_lose_nothing(&log).await;
}

async fn transfers_in_a_circle_lose_nothing(log: &Log) {
    const ACCOUNTS: [&str; 4] = ["ann", "bob", "cem", "dot"];
    const TRANSFERS: usize = 30;
    let first = service(log).await;
    for account in ACCOUNTS {
        first.handle(deposit(&format!("begin-{account}"), account, &[1000])).await.unwrap();
    }
    let mut working = Vec::new();
    for worker in 0..4 {
        let service = service(log).await;
        working.push(tokio::spawn(async move {
            for number in 0..TRANSFERS {
                let pair =
                    (ACCOUNTS[(worker + number) % 4], ACCOUNTS[(worker + number + 1 + number % 3) % 4]);
                let id = format!("{worker}-{number}");
                while let Err(error) = transfer(&service, &id, pair, 7).await {
                    assert!(matches!(error, HandleError::Conflict { .. }), "{error:?}");
                }
            }
        }));
    }
    for worker in working {
        worker.await.unwrap();
    }
    let mut all = 0;
    for account in ACCOUNTS {
        all += audited_balance(log, account).await;
        assert!(history(log, account).await.len() > TRANSFERS);
    }
    assert_eq!(all, 4000);
    assert_eq!(log.info(first.domain()).await.unwrap().last, 4 + 2 * 4 * TRANSFERS as u64);
    assert!(stored(log).await.iter().all(|event| event.envelope.source() == SOURCE));
}
