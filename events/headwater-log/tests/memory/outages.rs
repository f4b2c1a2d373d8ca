//! The log is out of reach for a while, or gone for good.

use futures::{StreamExt as _, poll};
use headwater_event::EventFilter;
use headwater_log::{AppendError, EventLog as _, OpenError, ReadError};

use crate::bed::{append, ids, log, order, orders};

#[tokio::test]
async fn a_disconnected_log_stores_nothing_and_says_that_it_is_unavailable() {
    let log = log().await;
    log.disconnect();
    let error = log.append(append(&order("7"), 0, "c1")).await.unwrap_err();
    assert!(matches!(error, AppendError::Unavailable { .. }), "{error:?}");
    assert!(matches!(log.open(&orders()).await, Err(OpenError::Unavailable { .. })));
    let reads = [
        log.info(&orders()).await.map(|_| ()),
        log.streams().await.map(|_| ()),
        log.read(&orders(), 1, 1).await.map(|_| ()),
        log.load(&order("7"), 0).await.map(|_| ()),
        log.follow(EventFilter::all(orders()), None).await.map(|_| ()),
    ];
    for read in reads {
        assert!(read.as_ref().is_err_and(ReadError::is_unavailable), "{read:?}");
    }
    assert_eq!(ids(&log), [""; 0], "the test itself can still look");

    log.reconnect();
    assert_eq!(log.append(append(&order("7"), 0, "c1")).await.unwrap().last, 1);
}

#[tokio::test]
async fn a_follower_waits_until_the_log_is_in_reach_again() {
    let log = log().await;
    let mut follow = log.follow(EventFilter::all(orders()), None).await.unwrap();
    log.append(append(&order("7"), 0, "c1")).await.unwrap();
    log.append(append(&order("7"), 1, "c2")).await.unwrap();
    assert_eq!(follow.next().await.unwrap().unwrap().sequence, 1);
    log.disconnect();
    assert!(poll!(follow.next()).is_pending());
    log.reconnect();
    assert_eq!(follow.next().await.unwrap().unwrap().sequence, 2);
}

#[tokio::test]
async fn a_follower_of_a_lost_stream_is_told_and_ends() {
    let log = log().await;
    let mut follow = log.follow(EventFilter::all(orders()), None).await.unwrap();
    log.append(append(&order("7"), 0, "c1")).await.unwrap();
    assert_eq!(follow.next().await.unwrap().unwrap().sequence, 1);
    log.lose_stream(&orders());
    let end = follow.next().await;
    assert!(matches!(end, Some(Err(ReadError::Recreated { sequence: 1, .. }))), "{end:?}");
    assert!(follow.next().await.is_none());
}

#[tokio::test]
async fn a_checkpoint_of_a_lost_stream_is_refused_also_when_time_stands_still() {
    let log = log().await;
    let mut follow = log.follow(EventFilter::all(orders()), None).await.unwrap();
    log.append(append(&order("7"), 0, "c1")).await.unwrap();
    let event = follow.next().await.unwrap().unwrap();
    let checkpoint = follow.checkpoint(&event);
    log.lose_stream(&orders());
    log.open(&orders()).await.unwrap();
    log.append(append(&order("7"), 0, "c1")).await.unwrap();
    let error = log.follow(EventFilter::all(orders()), Some(checkpoint)).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, ReadError::Recreated { .. }), "{error:?}");
}

#[tokio::test]
async fn a_follower_of_a_dropped_log_reads_what_is_there_and_ends_with_an_error() {
    let log = log().await;
    let mut follow = log.follow(EventFilter::all(orders()), None).await.unwrap();
    log.append(append(&order("7"), 0, "c1")).await.unwrap();
    drop(log);
    assert_eq!(follow.next().await.unwrap().unwrap().sequence, 1);
    let end = follow.next().await;
    assert!(matches!(end, Some(Err(ReadError::Unavailable { .. }))), "{end:?}");
    assert!(follow.next().await.is_none());
}
