use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use headwater_log::EventLog as _;
use tokio::time::timeout;

use super::bed::{Bed, append, eventually, group, ids, next, take};

group![
    a_dropped_follower_leaves_no_consumer,
    a_follower_whose_consumer_is_deleted_goes_on,
    a_follower_whose_connection_is_cut_goes_on,
    a_follower_that_hears_nothing_for_a_while_goes_on,
];

async fn a_dropped_follower_leaves_no_consumer(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    log.append(append(&aggregate, 0, &["placed"])).await.unwrap();
    let mut followers = Vec::new();
    for _ in 0..5 {
        let mut follow = log.follow(bed.all(), None).await.unwrap();
        next(&mut follow).await.unwrap();
        followers.push(follow);
    }
    assert_eq!(consumers(&bed).await.len(), 5);
    followers.pop();
    eventually("one consumer is gone", || async { consumers(&bed).await.len() == 4 }).await;
    followers.clear();
    eventually("all consumers are gone", || async { consumers(&bed).await.is_empty() }).await;
}

async fn a_follower_whose_consumer_is_deleted_goes_on(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    let mut sent = Vec::new();
    let mut got = Vec::new();
    for round in 0..3 {
        let append = append(&aggregate, 2 * round, &["paid", "shipped"]);
        sent.extend(append.events.iter().map(|event| event.id().to_owned()));
        log.append(append).await.unwrap();
        got.extend(ids(&take(&mut follow, 2).await));
        for consumer in consumers(&bed).await {
            bed.stream().await.delete_consumer(&consumer).await.unwrap();
        }
    }
    assert_eq!(got, sent);
}

async fn a_follower_whose_connection_is_cut_goes_on(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (log, proxy) = bed.log_behind_proxy().await;
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    let mut got = Vec::new();
    for version in 0..10 {
        direct.append(append(&aggregate, version, &["paid"])).await.unwrap();
        got.push(next(&mut follow).await.unwrap().sequence);
        proxy.cut();
    }
    assert_eq!(got, (1..=10).collect::<Vec<_>>());
}

/// What is sent meanwhile is lost on the way, although the connection stands.
async fn a_follower_that_hears_nothing_for_a_while_goes_on(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let (log, proxy) = bed.log_behind_proxy().await;
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    direct.append(append(&aggregate, 0, &["placed"])).await.unwrap();
    assert_eq!(next(&mut follow).await.unwrap().sequence, 1);

    proxy.drop_replies();
    direct.append(append(&aggregate, 1, &["paid"])).await.unwrap();
    // Longer than a follower believes that there is nothing to hear.
    let heard = timeout(Duration::from_secs(3), follow.next()).await;
    assert!(heard.is_err(), "{heard:?}");
    proxy.restore();
    direct.append(append(&aggregate, 2, &["shipped"])).await.unwrap();
    assert_eq!(next(&mut follow).await.unwrap().sequence, 2);
    assert_eq!(next(&mut follow).await.unwrap().sequence, 3);
}

async fn consumers(bed: &Bed) -> Vec<String> {
    bed.stream().await.consumer_names().try_collect().await.unwrap()
}
