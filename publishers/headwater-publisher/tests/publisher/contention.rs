//! Several services change one account at a time: each decision rests on the state that it changes.

use headwater_log::Log;
use headwater_publisher::{Aggregates, Command, HandleError};

use crate::account::{Account, AccountEvent, AccountRejection, deposit, open, withdraw};
use crate::bed::{audited_balance, broker, embedded, history, ids, memory, rejection, service};
use crate::watched::Watched;

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_in_the_embedded_log() {
    let (log, _directory) = embedded();
    no_update_is_lost(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_update_is_lost_in_jetstream() {
    let (log, _server) = broker().await;
    no_update_is_lost(&log).await;
}

const COMMANDS: u64 = 50;

async fn no_update_is_lost(log: &Log) {
    let services = [service(log).await, service(log).await.assuming_new(), service(log).await];
    let work = |(number, service): (usize, Aggregates<Account>)| {
        tokio::spawn(async move {
            for command in 0..COMMANDS {
                insist(&service, || deposit(&format!("{number}-in-{command}"), "ann", &[2, 3])).await;
                insist(&service, || withdraw(&format!("{number}-out-{command}"), "ann", 4)).await;
            }
        })
    };
    let count = services.len() as u64;
    let working: Vec<_> = services.into_iter().enumerate().map(work).collect();
    for worker in working {
        worker.await.unwrap();
    }
    assert_eq!(audited_balance(log, "ann").await, count * COMMANDS);
    assert_eq!(history(log, "ann").await.len() as u64, count * COMMANDS * 3);
}

/// Handles a command; whoever lost against the others too often may come again.
async fn insist(service: &Aggregates<Account>, command: impl Fn() -> Command<Account>) {
    loop {
        match service.handle(command()).await {
            Ok(receipt) => return assert!(!receipt.repeated),
            Err(HandleError::Conflict { attempts, .. }) => assert_eq!(attempts, 10),
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_services_one_opens_the_account() {
    let (log, _directory) = embedded();
    let mut opening = Vec::new();
    for number in 0..20 {
        let service = service(&log).await.assuming_new();
        opening.push(tokio::spawn(async move { service.handle(open(&format!("c{number}"), "ann")).await }));
    }
    let mut opened = 0;
    for handled in opening {
        match handled.await.unwrap() {
            Ok(_) => opened += 1,
            refused => assert_eq!(rejection(refused), AccountRejection::Open),
        }
    }
    assert_eq!(opened, 1);
    assert!(matches!(history(&log, "ann").await[..], [AccountEvent::Opened(_)]));
}

#[tokio::test(start_paused = true)]
async fn who_loses_nine_times_wins_the_tenth_time() {
    let log = memory();
    let watched = Watched::new(&log).await;
    let service = service(&(watched.clone() as _)).await;
    watched.let_rival_win(9);
    let receipt = service.handle(deposit("c1", "ann", &[5, 10])).await.unwrap();
    assert_eq!((receipt.sequence, receipt.repeated), (11, false));
    assert_eq!(audited_balance(&log, "ann").await, 9 + 15);
}

#[tokio::test(start_paused = true)]
async fn who_loses_ten_times_is_told_and_nothing_is_stored() {
    let log = memory();
    let watched = Watched::new(&log).await;
    let service = service(&(watched.clone() as _)).await;
    watched.let_rival_win(10);
    let error = service.handle(deposit("c1", "ann", &[5, 10])).await.unwrap_err();
    assert!(matches!(error, HandleError::Conflict { attempts: 10, .. }), "{error:?}");
    assert_eq!(audited_balance(&log, "ann").await, 10);

    let receipt = service.handle(deposit("c1", "ann", &[5, 10])).await.unwrap();
    assert_eq!((receipt.sequence, receipt.repeated), (12, false));
    assert_eq!(ids(&log).await[10..], ["c1/0", "c1/1"]);
    assert_eq!(audited_balance(&log, "ann").await, 25);
}
