use std::collections::HashMap;

use futures::future::{join, join_all};
use headwater_event::Aggregate;

use super::bench::{Bench, append, conflict, envelopes, event, problem, sequences};
use super::case::group;
use crate::Append;

group![
    the_events_of_a_batch_are_stored_together_and_in_their_order,
    a_conflict_stores_none_of_a_batch,
    takes_a_thousand_events_at_once,
    refuses_more_than_a_thousand_events_at_once,
    refuses_an_append_without_events,
    refuses_an_event_of_another_aggregate,
    refuses_an_event_whose_name_is_a_wildcard,
    of_a_batch_and_a_single_event_that_race_exactly_one_wins,
    of_two_batches_that_race_exactly_one_wins,
    more_batches_at_once_than_the_broker_takes_are_all_stored,
];

async fn the_events_of_a_batch_are_stored_together_and_in_their_order(bench: Bench) {
    let other = bench.other_log().await;
    let mut appends = Vec::new();
    for number in 0..30 {
        let batch = append(&bench.aggregate(format!("batch-{number}")), 0, &["placed", "paid", "shipped"]);
        appends.push(bench.log.begin_append(batch.clone()).await.unwrap());
        let single = append(&bench.aggregate(format!("single-{number}")), 0, &["placed"]);
        appends.push(other.begin_append(single).await.unwrap());
    }
    for answer in appends {
        answer.await.unwrap();
    }
    let stored = bench.stored().await;
    assert_eq!(sequences(&stored), (1..=120).collect::<Vec<_>>());
    let mut together: HashMap<_, Vec<_>> = HashMap::new();
    for event in &stored {
        let id = event.envelope.subject().unwrap();
        let name = event.envelope.event_type().unwrap().name;
        together.entry(id).or_default().push((event.sequence, name));
    }
    for (id, events) in together.into_iter().filter(|(id, _)| id.starts_with("batch")) {
        let first = events[0].0;
        assert_eq!(events, [(first, "placed"), (first + 1, "paid"), (first + 2, "shipped")], "{id}");
    }
}

async fn a_conflict_stores_none_of_a_batch(bench: Bench) {
    let aggregate = bench.aggregate("7");
    bench.append(&aggregate, 0, &["placed"]).await;
    let batch = append(&aggregate, 0, &["paid", "shipped", "returned"]);
    assert_eq!(conflict(bench.log.append(batch).await), 1);
    assert_eq!(bench.last().await, 1);
    assert_eq!(bench.append(&aggregate, 1, &["paid", "shipped"]).await.last, 3);
}

async fn takes_a_thousand_events_at_once(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let batch = append(&aggregate, 0, &["paid"; Append::EVENTS_MAX]);
    assert_eq!(bench.log.append(batch.clone()).await.unwrap().last, 1000);
    assert_eq!(envelopes(&bench.log.load(&aggregate, 1000).await.unwrap()), batch.events);
}

async fn refuses_more_than_a_thousand_events_at_once(bench: Bench) {
    let batch = append(&bench.aggregate("7"), 0, &["paid"; Append::EVENTS_MAX + 1]);
    let problem = problem(bench.log.append(batch).await);
    assert_eq!(problem, "it has 1001 events, and at most 1000 fit");
    assert_eq!(bench.last().await, 0);
}

async fn refuses_an_append_without_events(bench: Bench) {
    let nothing = append(&bench.aggregate("7"), 0, &[]);
    assert_eq!(problem(bench.log.append(nothing).await), "there is no event to append");
}

async fn refuses_an_event_of_another_aggregate(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let of_kind = |domain: &str, kind| {
        let other = Aggregate::new(domain.parse().unwrap(), kind, "7").unwrap();
        event(&other, "placed")
    };
    let strangers = [
        event(&bench.aggregate("8"), "placed"),
        of_kind(bench.domain.as_str(), "customer"),
        of_kind("elsewhere", "order"),
    ];
    for stranger in strangers {
        let events = vec![event(&aggregate, "placed"), stranger];
        let append = Append { aggregate: aggregate.clone(), expected: 0, events };
        let problem = problem(bench.log.append(append).await);
        assert!(problem.ends_with("is about another"), "{problem}");
    }
    assert_eq!(bench.last().await, 0);
}

async fn refuses_an_event_whose_name_is_a_wildcard(bench: Bench) {
    for name in ["*", ">", "Placed", "placed now"] {
        let problem = problem(bench.log.append(append(&bench.aggregate("7"), 0, &[name])).await);
        assert!(problem.contains("can't name the event"), "{problem}");
    }
}

async fn of_a_batch_and_a_single_event_that_race_exactly_one_wins(bench: Bench) {
    race(bench, &["paid", "shipped"], &["cancelled"]).await;
}

async fn of_two_batches_that_race_exactly_one_wins(bench: Bench) {
    race(bench, &["paid", "shipped"], &["cancelled", "refunded", "archived"]).await;
}

async fn race(bench: Bench, one: &[&str], two: &[&str]) {
    let (aggregate, other) = (bench.aggregate("7"), bench.other_log().await);
    let (mut version, mut count) = (0, 0);
    for round in 0..60 {
        let (first, second) = (append(&aggregate, version, one), append(&aggregate, version, two));
        let (winner, events, loser) = match join(bench.log.append(first), other.append(second)).await {
            (Ok(winner), loser) => (winner, one.len(), loser),
            (loser, Ok(winner)) => (winner, two.len(), loser),
            (first, second) => panic!("round {round}: nobody wins: {first:?}, {second:?}"),
        };
        assert_eq!(conflict(loser), winner.last, "round {round}");
        version = winner.last;
        count += events;
    }
    assert_eq!(bench.log.load(&aggregate, version).await.unwrap().len(), count);
    assert_eq!(bench.last().await, count as u64);
}

async fn more_batches_at_once_than_the_broker_takes_are_all_stored(bench: Bench) {
    const BATCHES: usize = 150;
    let batch = |number| append(&bench.aggregate(format!("{number}")), 0, &["placed", "paid"]);
    let answers = join_all((0..BATCHES).map(|number| bench.log.append(batch(number)))).await;
    for (answer, number) in answers.into_iter().zip(1..) {
        assert!(answer.is_ok(), "{number} of {BATCHES}: {answer:?}");
    }
    assert_eq!(bench.last().await, 2 * BATCHES as u64);
}
