use super::bench::{Bench, append, envelopes, event_with};
use super::case::group;
use crate::Append;

group![
    loads_one_aggregate_among_many,
    loads_an_aggregate_from_a_sequence_on,
    loads_an_aggregate_of_thousands_of_events,
    loads_an_aggregate_of_many_megabytes,
    an_aggregate_without_events_is_empty,
    waits_for_the_event_that_another_has_stored,
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
