use futures::future::join_all;

use super::bench::{Bench, append, conflict, duplicate, event, problem};
use super::case::group;
use crate::{Append, Appended};

group![
    an_append_that_is_sent_again_is_stored_once,
    an_append_that_is_sent_again_after_another_writer_s_is_stored_once,
    an_append_that_is_sent_many_times_at_once_is_stored_once,
    a_batch_that_is_sent_again_is_stored_once,
    an_event_that_is_sent_again_at_a_later_version_is_stored_once,
    an_event_with_the_id_of_another_aggregate_s_is_refused,
    a_batch_of_which_a_part_is_stored_is_refused,
    a_batch_with_an_event_twice_is_refused,
    a_later_event_with_new_ids_is_no_duplicate,
];

async fn an_append_that_is_sent_again_is_stored_once(bench: Bench) {
    let append = append(&bench.aggregate("7"), 0, &["placed"]);
    assert_eq!(bench.log.append(append.clone()).await.unwrap(), Appended { last: 1, duplicate: false });
    for log in [bench.log.clone(), bench.other_log().await] {
        assert_eq!(log.append(append.clone()).await.unwrap(), Appended { last: 1, duplicate: true });
    }
    assert_eq!(bench.last().await, 1);
}

async fn an_append_that_is_sent_again_after_another_writer_s_is_stored_once(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let again = append(&aggregate, 0, &["placed"]);
    bench.log.append(again.clone()).await.unwrap();
    bench.append(&aggregate, 1, &["paid", "shipped"]).await;
    assert_eq!(bench.log.append(again).await.unwrap(), Appended { last: 1, duplicate: true });
    assert_eq!(bench.last().await, 3);
}

async fn an_append_that_is_sent_many_times_at_once_is_stored_once(bench: Bench) {
    let other = bench.other_log().await;
    for number in 1..=20 {
        let append = append(&bench.aggregate(format!("{number}")), 0, &["placed"]);
        let logs = [&bench.log, &other, &bench.log, &other];
        let answers = join_all(logs.map(|log| log.append(append.clone()))).await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| answer.last == number), "{answers:?}");
        assert_eq!(bench.last().await, number);
    }
}

async fn a_batch_that_is_sent_again_is_stored_once(bench: Bench) {
    let aggregate = bench.aggregate("7");
    bench.append(&bench.aggregate("8"), 0, &["placed"]).await;
    let again = append(&aggregate, 0, &["placed", "paid", "shipped"]);
    assert_eq!(bench.log.append(again.clone()).await.unwrap(), Appended { last: 4, duplicate: false });
    assert_eq!(bench.log.append(again.clone()).await.unwrap(), Appended { last: 4, duplicate: true });
    bench.append(&aggregate, 4, &["returned"]).await;
    assert_eq!(bench.log.append(again).await.unwrap(), Appended { last: 4, duplicate: true });
    assert_eq!(bench.last().await, 5);
}

/// As when a command is handled again after a restart: the decision is made on the newest state, and the
/// event's id comes from the command.
async fn an_event_that_is_sent_again_at_a_later_version_is_stored_once(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let single = append(&aggregate, 0, &["placed"]);
    bench.log.append(single.clone()).await.unwrap();
    let batch = append(&aggregate, 1, &["paid", "shipped"]);
    bench.log.append(batch.clone()).await.unwrap();
    let later = |append: Append| bench.log.append(Append { expected: 3, ..append });
    assert_eq!(later(single).await.unwrap(), Appended { last: 1, duplicate: true });
    assert_eq!(later(batch).await.unwrap(), Appended { last: 3, duplicate: true });
    assert_eq!(bench.last().await, 3);
}

/// Answered as a duplicate, it would be lost in silence.
async fn an_event_with_the_id_of_another_aggregate_s_is_refused(bench: Bench) {
    let (one, other) = (bench.aggregate("7"), bench.aggregate("8"));
    let stored = event(&one, "placed");
    bench.log.append(Append { aggregate: one, expected: 0, events: vec![stored.clone()] }).await.unwrap();
    let same_id = headwater_event::Envelope::builder(stored.id(), stored.source(), stored.type_name())
        .subject(other.id())
        .build()
        .unwrap();
    let append = Append { aggregate: other, expected: 0, events: vec![same_id] };
    assert_eq!(duplicate(bench.log.append(append).await), 1);
    assert_eq!(bench.last().await, 1);
}

async fn a_batch_of_which_a_part_is_stored_is_refused(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let placed = event(&aggregate, "placed");
    let append = |expected, events| Append { aggregate: aggregate.clone(), expected, events };
    bench.log.append(append(0, vec![placed.clone()])).await.unwrap();

    let part = vec![placed, event(&aggregate, "paid")];
    assert_eq!(duplicate(bench.log.append(append(1, part.clone())).await), 1);
    assert_eq!(conflict(bench.log.append(append(0, part)).await), 1);
    assert_eq!(bench.last().await, 1);
}

async fn a_batch_with_an_event_twice_is_refused(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let placed = event(&aggregate, "placed");
    let append = Append { aggregate, expected: 0, events: vec![placed.clone(), placed] };
    assert!(problem(bench.log.append(append).await).contains("twice"));
    assert_eq!(bench.last().await, 0);
}

async fn a_later_event_with_new_ids_is_no_duplicate(bench: Bench) {
    let aggregate = bench.aggregate("7");
    for version in 0..5 {
        let appended = bench.append(&aggregate, version, &["paid"]).await;
        assert_eq!(appended, Appended { last: version + 1, duplicate: false });
    }
}
