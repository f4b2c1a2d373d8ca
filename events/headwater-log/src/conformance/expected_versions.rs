use futures::future::join;

use super::bench::{Bench, append, conflict, envelopes};
use super::case::group;

group![
    a_first_event_expects_version_0,
    refuses_a_second_writer_at_the_same_version,
    refuses_a_version_that_the_aggregate_never_had,
    of_two_racing_writers_exactly_one_wins,
    of_two_appends_in_flight_the_first_wins,
    what_a_conflict_reports_can_be_loaded,
    aggregates_with_similar_names_do_not_share_a_version,
];

async fn a_first_event_expects_version_0(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let appended = bench.append(&aggregate, 0, &["placed"]).await;
    assert_eq!((appended.last, appended.duplicate), (1, false));
    assert_eq!(conflict(bench.log.append(append(&aggregate, 0, &["paid"])).await), 1);
    assert_eq!(bench.last().await, 1);
}

async fn refuses_a_second_writer_at_the_same_version(bench: Bench) {
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    let placed = bench.append(&aggregate, 0, &["placed"]).await.last;
    bench.append(&bench.aggregate("8"), 0, &["placed"]).await;
    let paid = bench.append(&aggregate, placed, &["paid"]).await.last;
    assert_eq!(conflict(other.append(append(&aggregate, placed, &["cancelled"])).await), paid);
    assert_eq!(other.append(append(&aggregate, paid, &["cancelled"])).await.unwrap().last, paid + 1);
}

async fn refuses_a_version_that_the_aggregate_never_had(bench: Bench) {
    let aggregate = bench.aggregate("7");
    assert_eq!(conflict(bench.log.append(append(&aggregate, 5, &["placed"])).await), 0);
    bench.append(&bench.aggregate("8"), 0, &["placed"]).await;
    bench.append(&aggregate, 0, &["placed"]).await;
    assert_eq!(conflict(bench.log.append(append(&aggregate, 1, &["paid"])).await), 2);
    assert_eq!(conflict(bench.log.append(append(&aggregate, 3, &["paid"])).await), 2);
}

/// The writers publish different events, so their subjects differ, and only the guard makes them meet.
async fn of_two_racing_writers_exactly_one_wins(bench: Bench) {
    const ROUNDS: usize = 300;
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    let mut version = 0;
    for round in 0..ROUNDS {
        let (paid, cancelled) =
            (append(&aggregate, version, &["paid"]), append(&aggregate, version, &["cancelled"]));
        let answers = if round % 2 == 0 {
            join(bench.log.append(paid), other.append(cancelled)).await
        } else {
            let (cancelled, paid) = join(other.append(cancelled), bench.log.append(paid)).await;
            (paid, cancelled)
        };
        let (winner, loser) = match answers {
            (Ok(winner), loser) => (winner, loser),
            (loser, Ok(winner)) => (winner, loser),
            (one, two) => panic!("round {round}: nobody wins: {one:?}, {two:?}"),
        };
        assert!(!winner.duplicate, "round {round}: {winner:?}");
        assert_eq!(conflict(loser), winner.last, "round {round}");
        version = winner.last;
    }
    assert_eq!(bench.log.load(&aggregate, version).await.unwrap().len(), ROUNDS);
}

/// The second comes to the broker while it is still storing the first.
async fn of_two_appends_in_flight_the_first_wins(bench: Bench) {
    for number in 0..50 {
        let aggregate = bench.aggregate(format!("{number}"));
        let first = bench.log.begin_append(append(&aggregate, 0, &["paid"])).await.unwrap();
        let second = bench.log.begin_append(append(&aggregate, 0, &["cancelled"])).await.unwrap();
        let (first, second) = join(first, second).await;
        assert_eq!(conflict(second), first.unwrap().last);
    }
}

async fn what_a_conflict_reports_can_be_loaded(bench: Bench) {
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    let mut expected = Vec::new();
    let mut version = 0;
    for _ in 0..30 {
        let newest = append(&aggregate, version, &["paid"]);
        expected.extend(newest.events.clone());
        let stale = version;
        version = bench.log.append(newest).await.unwrap().last;
        let actual = conflict(other.append(append(&aggregate, stale, &["cancelled"])).await);
        assert_eq!(envelopes(&other.load(&aggregate, actual).await.unwrap()), expected);
    }
}

async fn aggregates_with_similar_names_do_not_share_a_version(bench: Bench) {
    let kind = |kind, id| headwater_event::Aggregate::new(bench.domain.clone(), kind, id).unwrap();
    let similar = [
        kind("order", "a"),
        kind("order", "ab"),
        kind("order", "a.b"),
        kind("orders", "a"),
        kind("orde", "r.a"),
    ];
    for aggregate in &similar {
        bench.append(aggregate, 0, &["placed"]).await;
    }
    for (aggregate, version) in similar.iter().zip(1..) {
        assert_eq!(conflict(bench.log.append(append(aggregate, 0, &["placed"])).await), version);
        assert_eq!(bench.log.load(aggregate, version).await.unwrap().len(), 1);
    }
}
