use futures::future::join_all;
use headwater_event::Domain;

use super::bench::{Bench, append, take};
use super::case::group;

group![
    opening_a_stream_again_changes_nothing,
    opening_a_stream_many_times_at_once_makes_one,
    lists_all_streams_by_domain,
    a_lost_stream_begins_again_at_1,
];

async fn opening_a_stream_again_changes_nothing(bench: Bench) {
    let info = bench.log.info(&bench.domain).await.unwrap();
    assert_eq!((&info.domain, info.last), (&bench.domain, 0));
    bench.fill(3, &["placed"]).await;
    for log in [bench.log.clone(), bench.other_log().await] {
        let again = log.open(&bench.domain).await.unwrap();
        assert_eq!((again.created, again.last, again.replicas), (info.created, 3, info.replicas));
        assert_eq!(log.info(&bench.domain).await.unwrap(), again);
    }
}

async fn opening_a_stream_many_times_at_once_makes_one(bench: Bench) {
    let domain: Domain = format!("{}-new", bench.domain).parse().unwrap();
    let other = bench.other_log().await;
    let opened = join_all([&bench.log, &other, &bench.log, &other].map(|log| log.open(&domain))).await;
    let created: Vec<_> = opened.into_iter().map(|info| info.unwrap().created).collect();
    assert!(created.iter().all(|&time| time == created[0]), "{created:?}");
}

async fn lists_all_streams_by_domain(bench: Bench) {
    let other: Domain = format!("{}-other", bench.domain).parse().unwrap();
    bench.log.open(&other).await.unwrap();
    bench.fill(2, &["placed"]).await;
    let streams = bench.log.streams().await.unwrap();
    let last = |domain: &Domain| streams.iter().find(|info| info.domain == *domain).map(|info| info.last);
    assert_eq!((last(&bench.domain), last(&other)), (Some(2), Some(0)));
    assert!(streams.is_sorted_by(|one, other| one.domain < other.domain));
}

async fn a_lost_stream_begins_again_at_1(bench: Bench) {
    bench.fill(3, &["placed"]).await;
    let before = bench.log.info(&bench.domain).await.unwrap();
    let recreated = bench.recreated().await;
    let after = recreated.log.info(&bench.domain).await.unwrap();
    assert_eq!(after.last, 0);
    assert!(after.created > before.created, "{after:?}");
    let append = append(&bench.aggregate("filled-0"), 0, &["placed"]);
    assert_eq!(recreated.log.append(append.clone()).await.unwrap().last, 1);
    let events = take(&mut recreated.follow(bench.all(), None).await, 1).await;
    assert_eq!(events[0].envelope, append.events[0]);
}
