//! A source of commands that waits for no answer.

use std::time::Duration;

use futures::StreamExt as _;
use headwater_event::EventFilter;
use headwater_log::Log;
use headwater_publisher::{Command, Feed, FeedSummary, HandleError};
use tokio::time::timeout;

use crate::account::{Account, AccountCommand, command, deposit, oversized, withdraw};
use crate::bed::{
    PATIENCE, audited_balance, bank, behind_proxy, broker, embedded, ids, last, service, stored,
};
use crate::watched::Watched;

/// A few hundred commands for many accounts, most of which come several times; every third has several events.
fn commands() -> impl Iterator<Item = Command<Account>> {
    (0..600_u64).map(|number| {
        let cents = &[1, 2, 3][..if number % 3 == 0 { 3 } else { 1 }];
        deposit(&format!("c{number:03}"), &format!("account-{}", number * number % 97), cents)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_stored_in_the_order_of_the_commands_in_the_embedded_log() {
    let (log, _directory) = embedded();
    events_are_stored_in_order(&log).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_stored_in_the_order_of_the_commands_in_jetstream() {
    let (log, _server) = broker().await;
    events_are_stored_in_order(&log).await;
}

async fn events_are_stored_in_order(log: &Log) {
    let mut feed = Feed::new(service(log).await.assuming_new());
    for command in commands() {
        feed.send(command).await.unwrap();
    }
    assert_eq!(feed.finish().await.unwrap(), FeedSummary { published: 1000, repeated: 0, rejected: 0 });
    let ids = ids(log).await;
    assert_eq!(ids.len(), 1000);
    assert!(ids.is_sorted(), "{ids:?}");
}

#[tokio::test]
async fn commands_for_one_account_are_handled_one_after_another() {
    let (log, _directory) = embedded();
    let watched = Watched::new(&log).await;
    let mut feed = Feed::new(service(&(watched.clone() as _)).await.assuming_new());
    for number in 0..100 {
        for account in ["ann", "bob"] {
            feed.send(deposit(&format!("{account}-in-{number}"), account, &[2, 3])).await.unwrap();
            feed.send(withdraw(&format!("{account}-out-{number}"), account, 5)).await.unwrap();
        }
    }
    assert_eq!(feed.finish().await.unwrap(), FeedSummary { published: 600, repeated: 0, rejected: 0 });
    assert_eq!(watched.loads_and_appends(), (0, 400), "no decision was made on an outdated state");
    assert_eq!(audited_balance(&log, "ann").await, 0);
}

#[tokio::test]
async fn what_is_refused_is_counted_and_the_others_go_on() {
    let (log, _directory) = embedded();
    let mut feed = Feed::new(service(&log).await);
    feed.send(deposit("c1", "ann", &[5, 10])).await.unwrap();
    feed.send(withdraw("c2", "ann", 16)).await.unwrap();
    feed.send(withdraw("c3", "bob", 1)).await.unwrap();
    feed.send(withdraw("c4", "ann", 15)).await.unwrap();
    feed.send(deposit("c1", "ann", &[5, 10])).await.unwrap();
    feed.send(deposit("c5", "ann", &[])).await.unwrap();
    assert_eq!(feed.finish().await.unwrap(), FeedSummary { published: 3, repeated: 1, rejected: 2 });
    assert_eq!(ids(&log).await, ["c1/0", "c1/1", "c4/0"]);
}

#[tokio::test]
async fn a_failure_names_its_command_and_the_others_are_answered() {
    let (log, _directory) = embedded();
    let mut feed = Feed::new(service(&log).await);
    for number in 0..10 {
        feed.send(deposit(&format!("before-{number}"), &format!("before-{number}"), &[5])).await.unwrap();
    }
    feed.send(oversized("too-large", "ann", &[5])).await.unwrap();
    let error = feed.finish().await.unwrap_err();
    assert_eq!(error.command_id, "too-large");
    assert!(matches!(*error.source, HandleError::Invalid(_)), "{error:?}");
    assert_eq!(error.summary, FeedSummary { published: 10, repeated: 0, rejected: 0 });
    assert!(error.to_string().contains("after 10 events were stored"), "{error}");
    assert_eq!(last(&log).await, 10);
}

#[tokio::test]
async fn a_failure_stops_the_next_command() {
    let (log, _directory) = embedded();
    let mut feed = Feed::new(service(&log).await);
    feed.send(oversized("too-large", "ann", &[5])).await.unwrap();
    let error = feed.send(deposit("c2", "ann", &[5])).await.unwrap_err();
    assert_eq!(error.command_id, "too-large");
    let nameless = feed.send(deposit("c3", "", &[5])).await.unwrap_err();
    assert_eq!(nameless.command_id, "c3");
    assert_eq!(feed.finish().await.unwrap(), FeedSummary::default());
    assert_eq!(last(&log).await, 0);
}

#[tokio::test]
async fn an_account_whose_command_failed_is_free_again() {
    let (log, _directory) = embedded();
    let mut feed = Feed::new(service(&log).await);
    feed.send(oversized("too-large", "ann", &[5])).await.unwrap();
    feed.finish().await.unwrap_err();
    feed.send(deposit("c2", "ann", &[5])).await.unwrap();
    assert_eq!(feed.finish().await.unwrap().published, 1);
}

#[tokio::test]
async fn a_slow_source_holds_nothing_back() {
    let (log, _directory) = embedded();
    let watched = Watched::new(&log).await;
    watched.let_rival_win(3);
    let mut feed = Feed::new(service(&(watched.clone() as _)).await);
    feed.send(deposit("c1", "ann", &[5])).await.unwrap();

    // The next command comes when the first one's event is there, which had to be decided four times.
    let event = async {
        let follow = log.follow(EventFilter::all(bank()), None).await.unwrap();
        follow
            .filter(|event| std::future::ready(event.as_ref().unwrap().envelope.id() == "c1/0"))
            .boxed()
            .next()
            .await
    };
    timeout(PATIENCE, feed.meanwhile(event)).await.expect("the first command waits for the second").unwrap();
    assert_eq!(audited_balance(&log, "ann").await, 8);
    assert_eq!(feed.finish().await.unwrap().published, 1);
}

#[tokio::test]
async fn a_slow_source_learns_of_a_failure_at_once() {
    let (log, _directory) = embedded();
    let mut feed = Feed::new(service(&log).await);
    feed.send(oversized("too-large", "ann", &[5])).await.unwrap();
    let error = timeout(PATIENCE, feed.meanwhile(std::future::pending::<()>())).await.unwrap().unwrap_err();
    assert_eq!(error.command_id, "too-large");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_is_slower_than_the_source_holds_it_back() {
    const ROOM: u64 = 1024;
    let (direct, server) = broker().await;
    let (log, proxy) = behind_proxy(&server, PATIENCE).await;
    let mut feed = Feed::new(service(&log).await.assuming_new());
    let new = |number| command(&format!("c{number}"), &format!("account-{number}"), AccountCommand::Open);
    proxy.drop_replies();
    for number in 0..ROOM {
        timeout(PATIENCE, feed.send(new(number))).await.expect("there is room").unwrap();
    }
    let more = timeout(Duration::from_millis(200), feed.send(new(ROOM))).await;
    assert!(more.is_err(), "there is no room");
    assert_eq!(feed.summary(), FeedSummary::default());

    proxy.restore();
    let FeedSummary { published, repeated, rejected } = feed.finish().await.unwrap();
    assert_eq!((published + repeated, rejected), (ROOM, 0));
    assert_eq!(stored(&direct).await.len() as u64, ROOM);
}
