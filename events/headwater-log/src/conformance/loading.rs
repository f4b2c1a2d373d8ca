use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::bench::{Bench, PATIENCE, append, envelopes, event_with};
use super::case::group;
use crate::Append;

group![
    loads_one_aggregate_among_many,
    loads_an_aggregate_from_a_sequence_on,
    loads_an_aggregate_of_thousands_of_events,
    loads_an_aggregate_of_many_megabytes,
    an_aggregate_without_events_is_empty,
    waits_for_the_event_that_another_has_stored,
    loads_the_first_events_of_an_aggregate,
    the_last_event_of_an_aggregate_is_the_one_that_was_stored_last,
];

async fn loads_one_aggregate_among_many(bench: Bench) {
    let aggregates: Vec<_> = (0..20).map(|id| bench.aggregate(format!("{id}"))).collect();
    let mut versions = [0; 20];
    let mut wanted = Vec::new();
    for name in ["placed", "paid", "shipped"] {
        for (aggregate, version) in aggregates.iter().zip(&mut versions) {
            let append = append(aggregate, *version, &[name]);
            if aggregate.id() == "7" {
                wanted.extend(append.events.clone());
            }
            *version = bench.log.append(append).await.unwrap().last;
        }
    }
    let loaded = bench.log.load(&aggregates[7], versions[7]).await.unwrap();
    assert_eq!(envelopes(&loaded), wanted);
}

async fn loads_an_aggregate_from_a_sequence_on(bench: Bench) {
    let (aggregate, other) = (bench.aggregate("7"), bench.aggregate("8"));
    let [first, second, third] = [
        append(&aggregate, 0, &["placed"]),
        append(&aggregate, 1, &["paid"]),
        append(&aggregate, 2, &["shipped"]),
    ];
    bench.log.append(first).await.unwrap();
    bench.log.append(second.clone()).await.unwrap();
    bench.append(&other, 0, &["placed"]).await;
    bench.log.append(third.clone()).await.unwrap();
    let wanted = [second.events[0].clone(), third.events[0].clone()];
    assert_eq!(envelopes(&bench.log.load_from(&aggregate, 2, 4).await.unwrap()), wanted);
    assert_eq!(envelopes(&bench.log.load_from(&aggregate, 3, 4).await.unwrap()), wanted[1..]);
    for beyond in [5, 1000] {
        assert_eq!(bench.log.load_from(&aggregate, beyond, 0).await.unwrap(), []);
    }
}

async fn loads_an_aggregate_of_thousands_of_events(bench: Bench) {
    let (aggregate, mut wanted, mut version) = (bench.aggregate("7"), Vec::new(), 0);
    for number in 0..5 {
        let append = append(&aggregate, version, &["paid"; 500]);
        wanted.extend(append.events.clone());
        version = bench.log.append(append).await.unwrap().last;
        bench.append(&bench.aggregate(format!("other-{number}")), 0, &["placed"]).await;
    }
    assert_eq!(envelopes(&bench.log.load(&aggregate, version).await.unwrap()), wanted);
}

async fn loads_an_aggregate_of_many_megabytes(bench: Bench) {
    let (aggregate, mut wanted) = (bench.aggregate("7"), Vec::new());
    for expected in 0..20 {
        let large = event_with(&aggregate, "scanned", vec![b'x'; 1_000_000]);
        wanted.push(large.clone());
        let append = Append { aggregate: aggregate.clone(), expected, events: vec![large] };
        bench.log.append(append).await.unwrap();
    }
    assert!(envelopes(&bench.log.load(&aggregate, 20).await.unwrap()) == wanted);
    assert!(envelopes(&bench.stored().await) == wanted);
}

async fn an_aggregate_without_events_is_empty(bench: Bench) {
    assert_eq!(bench.log.load(&bench.aggregate("7"), 0).await.unwrap(), []);
    bench.fill(3, &["placed"]).await;
    assert_eq!(bench.log.load(&bench.aggregate("7"), 0).await.unwrap(), []);
}

async fn waits_for_the_event_that_another_has_stored(bench: Bench) {
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    for version in 0..100 {
        let last = bench.append(&aggregate, version, &["paid"]).await.last;
        assert_eq!(other.load(&aggregate, last).await.unwrap().last().unwrap().sequence, last);
    }
}

async fn the_last_event_of_an_aggregate_is_the_one_that_was_stored_last(bench: Bench) {
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    assert_eq!(bench.log.last(&aggregate).await.unwrap(), None);
    let mut version = 0;
    for names in [&["placed"][..], &["paid", "packed", "shipped"], &["paid"]] {
        version = bench.append(&aggregate, version, names).await.last;
        bench.append(&bench.aggregate(format!("other-{version}")), 0, &["placed"]).await;
        let last = bench.log.load(&aggregate, version).await.unwrap().pop();
        assert_eq!(last.as_ref().map(|last| last.sequence), Some(version));
        for log in [&bench.log, &other] {
            assert_eq!(log.last(&aggregate).await.unwrap(), last);
        }
    }
}

async fn loads_the_first_events_of_an_aggregate(bench: Bench) {
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    for max in [0, 1, 10] {
        assert_eq!(bench.log.load_first(&aggregate, max).await.unwrap(), []);
    }
    bench.append(&aggregate, 0, &["placed", "paid"]).await;
    bench.append(&bench.aggregate("8"), 0, &["placed"]).await;
    let version = bench.append(&aggregate, 2, &["packed", "shipped"]).await.last;
    let all = bench.log.load(&aggregate, version).await.unwrap();
    // What a server that lags has is the beginning.
    let start = Instant::now();
    while other.load_first(&aggregate, 10).await.unwrap() != all {
        assert!(all.starts_with(&other.load_first(&aggregate, 10).await.unwrap()));
        assert!(start.elapsed() < PATIENCE);
        sleep(Duration::from_millis(5)).await;
    }
    for max in 0..=4 {
        assert!(all[..max].starts_with(&bench.log.load_first(&aggregate, max).await.unwrap()), "{max}");
    }
}
