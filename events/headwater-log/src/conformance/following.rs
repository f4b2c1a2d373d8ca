use std::time::Duration;

use futures::{StreamExt as _, poll};
use headwater_event::EventFilter;
use tokio::time::timeout;

use super::bench::{Bench, append, envelopes, next, sequences, take};
use super::case::group;

group![
    follows_from_history_into_live_without_a_gap_or_a_repeat,
    waits_for_an_event_when_there_is_none,
    a_filter_passes_the_named_events_of_history_and_live,
    a_reader_that_stops_waiting_loses_no_event,
    a_slow_reader_gets_every_event,
    domains_are_followed_apart,
    a_reader_is_told_how_much_is_still_to_come,
];

/// Two readers begin while a writer is at work, and one more after it.
async fn follows_from_history_into_live_without_a_gap_or_a_repeat(bench: Bench) {
    const EVENTS: usize = 3000;
    bench.fill(500, &["placed"]).await;
    let (log, aggregate) = (bench.other_log().await, bench.aggregate("7"));
    let writer = tokio::spawn(async move {
        let mut version = 0;
        for _ in 500..EVENTS {
            version = log.append(append(&aggregate, version, &["paid"])).await.unwrap().last;
        }
    });
    let read = || async {
        let mut follow = bench.follow(bench.all(), None).await;
        take(&mut follow, EVENTS).await
    };
    let (one, two) = futures::future::join(read(), read()).await;
    writer.await.unwrap();
    let late = read().await;
    assert_eq!(sequences(&one), (1..=EVENTS as u64).collect::<Vec<_>>());
    assert_eq!(one, two);
    assert_eq!(one, late);
}

async fn waits_for_an_event_when_there_is_none(bench: Bench) {
    let (mut follow, aggregate) = (bench.follow(bench.all(), None).await, bench.aggregate("7"));
    for version in 0..5 {
        assert!(poll!(follow.next()).is_pending());
        let append = append(&aggregate, version, &["paid"]);
        bench.log.append(append.clone()).await.unwrap();
        assert_eq!(next(&mut follow).await.unwrap().envelope, append.events[0]);
    }
}

async fn a_filter_passes_the_named_events_of_history_and_live(bench: Bench) {
    const NAMES: [&str; 4] = ["placed", "paid", "shipped", "returned"];
    bench.fill(40, &NAMES).await;
    let mut one = bench.follow(bench.filter(&["paid"]), None).await;
    let mut two = bench.follow(bench.filter(&["placed", "returned"]), None).await;
    let mut none = bench.follow(bench.filter(&["archived"]), None).await;
    assert_eq!(sequences(&take(&mut one, 10).await), (1..=40).filter(|n| n % 4 == 2).collect::<Vec<_>>());
    assert_eq!(sequences(&take(&mut two, 20).await), (1..=40).filter(|n| n % 4 < 2).collect::<Vec<_>>());

    let live = bench.aggregate("live");
    bench.append(&live, 0, &NAMES).await;
    bench.append(&live, 44, &["archived"]).await;
    assert_eq!(sequences(&take(&mut one, 1).await), [42]);
    assert_eq!(sequences(&take(&mut two, 2).await), [41, 44]);
    assert_eq!(sequences(&take(&mut none, 1).await), [45]);
}

async fn a_reader_that_stops_waiting_loses_no_event(bench: Bench) {
    let mut follow = bench.follow(bench.all(), None).await;
    let log = bench.other_log().await;
    let appends: Vec<_> =
        (0..200).map(|id| append(&bench.aggregate(format!("{id}")), 0, &["placed"])).collect();
    let sent: Vec<_> = appends.iter().flat_map(|append| append.events.clone()).collect();
    let writer = tokio::spawn(async move {
        for append in appends {
            log.append(append).await.unwrap();
        }
    });
    let mut got = Vec::new();
    while got.len() < sent.len() {
        if let Ok(Some(event)) = timeout(Duration::from_micros(50), follow.next()).await {
            got.push(event.unwrap());
        }
    }
    writer.await.unwrap();
    assert_eq!(envelopes(&got), sent);
}

/// What a reader doesn't take waits somewhere, and must neither be lost nor end the reader.
async fn a_slow_reader_gets_every_event(bench: Bench) {
    const EVENTS: usize = 10_000;
    let mut follow = bench.follow(bench.all(), None).await;
    bench.fill(1, &["placed"]).await;
    assert_eq!(next(&mut follow).await.unwrap().sequence, 1);
    let (log, aggregate) = (bench.other_log().await, bench.aggregate("7"));
    let mut version = 0;
    while version < EVENTS as u64 {
        version = log.append(append(&aggregate, version, &["paid"; 1000])).await.unwrap().last;
    }
    let events = take(&mut follow, EVENTS).await;
    assert_eq!(sequences(&events), (2..=EVENTS as u64 + 1).collect::<Vec<_>>());
}

async fn domains_are_followed_apart(bench: Bench) {
    let other: headwater_event::Domain = format!("{}-other", bench.domain).parse().unwrap();
    bench.log.open(&other).await.unwrap();
    let mut ours = bench.follow(bench.all(), None).await;
    let mut theirs = bench.follow(EventFilter::all(other.clone()), None).await;
    let their_aggregate = headwater_event::Aggregate::new(other, "order", "7").unwrap();
    for version in 0..3 {
        bench.append(&bench.aggregate("7"), version, &["paid"]).await;
        bench.append(&their_aggregate, version, &["cancelled"]).await;
    }
    for (follow, domain) in [(&mut ours, &bench.domain), (&mut theirs, their_aggregate.domain())] {
        let events = take(follow, 3).await;
        assert_eq!(sequences(&events), [1, 2, 3]);
        let of_domain =
            |event: &crate::StoredEvent| event.envelope.event_type().unwrap().domain == domain.as_str();
        assert!(events.iter().all(of_domain));
    }
}

async fn a_reader_is_told_how_much_is_still_to_come(bench: Bench) {
    const NAMES: [&str; 4] = ["placed", "paid", "shipped", "returned"];
    let mut all = bench.follow(bench.all(), None).await;
    assert_eq!(all.remaining(), None, "it has not looked yet");
    let nothing_comes = timeout(Duration::from_millis(500), all.next()).await;
    assert!(nothing_comes.is_err() && all.remaining() == Some(0), "{all:?}");

    bench.fill(40, &NAMES).await;
    let mut paid = bench.follow(bench.filter(&["paid"]), None).await;
    let mut archived = bench.follow(bench.filter(&["archived"]), None).await;
    for read in 1..=10 {
        next(&mut paid).await.unwrap();
        let (remaining, wanted) = (paid.remaining().unwrap(), 10 - read);
        assert!(remaining >= wanted && remaining < 40, "{remaining} after {read}");
    }
    // What isn't wanted comes after the last one, and a log may have to look at it before it knows.
    for follow in [&mut paid, &mut archived] {
        while follow.remaining() != Some(0) {
            assert!(timeout(Duration::from_millis(500), follow.next()).await.is_err());
        }
    }
}
