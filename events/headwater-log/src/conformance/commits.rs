use futures::future::join;
use headwater_event::Aggregate;

use super::bench::{Bench, append, conflict, duplicate, envelopes, event, problem};
use super::case::group;
use crate::{Append, Appended, Commit};

group![
    the_events_of_several_aggregates_are_stored_together_and_in_their_order,
    a_conflict_of_one_aggregate_stores_nothing_of_the_others,
    a_commit_that_is_sent_again_is_stored_once,
    a_commit_that_is_sent_again_at_later_versions_is_stored_once,
    a_commit_of_which_a_part_is_stored_is_refused,
    refuses_an_aggregate_twice_or_of_another_domain,
    refuses_more_than_a_thousand_events_in_all,
    of_two_commits_that_cross_exactly_one_wins,
];

/// A commit of these appends.
fn commit(appends: impl IntoIterator<Item = Append>) -> Commit {
    let mut appends = appends.into_iter();
    let first = appends.next().unwrap();
    appends.fold(first.into(), Commit::and)
}

async fn the_events_of_several_aggregates_are_stored_together_and_in_their_order(bench: Bench) {
    let [one, two, three] = ["1", "2", "3"].map(|id| bench.aggregate(id));
    bench.append(&two, 0, &["placed"]).await;
    let appends = [
        append(&one, 0, &["placed", "paid"]),
        append(&two, 1, &["paid"]),
        append(&three, 0, &["placed", "paid", "shipped"]),
    ];
    let sent: Vec<_> = appends.iter().flat_map(|append| append.events.clone()).collect();
    let committed = bench.log.commit(commit(appends)).await.unwrap();
    assert_eq!(committed, Appended { last: 7, duplicate: false });
    assert_eq!(envelopes(&bench.stored().await[1..]), sent);
    for (aggregate, version) in [(&one, 3), (&two, 4), (&three, 7)] {
        let last = bench.log.load(aggregate, version).await.unwrap().pop().unwrap();
        assert_eq!(last.sequence, version);
        assert_eq!(conflict(bench.log.append(append(aggregate, version - 1, &["returned"])).await), version);
        bench.append(aggregate, version, &["returned"]).await;
    }
}

async fn a_conflict_of_one_aggregate_stores_nothing_of_the_others(bench: Bench) {
    let [one, two, three] = ["1", "2", "3"].map(|id| bench.aggregate(id));
    bench.append(&two, 0, &["placed"]).await;
    for outdated in 0..3 {
        let expected = |number, version| if number == outdated { version + 5 } else { version };
        let appends = [
            append(&one, expected(0, 0), &["placed", "paid"]),
            append(&two, expected(1, 1), &["paid"]),
            append(&three, expected(2, 0), &["placed"]),
        ];
        let actual = if outdated == 1 { 1 } else { 0 };
        assert_eq!(conflict(bench.log.commit(commit(appends)).await), actual, "the {outdated}th is outdated");
        assert_eq!(bench.last().await, 1);
    }
}

async fn a_commit_that_is_sent_again_is_stored_once(bench: Bench) {
    let [one, two] = ["1", "2"].map(|id| bench.aggregate(id));
    bench.append(&two, 0, &["placed"]).await;
    let again = commit([append(&one, 0, &["placed", "paid"]), append(&two, 1, &["paid"])]);
    assert_eq!(bench.log.commit(again.clone()).await.unwrap(), Appended { last: 4, duplicate: false });
    for log in [bench.log.clone(), bench.other_log().await] {
        assert_eq!(log.commit(again.clone()).await.unwrap(), Appended { last: 4, duplicate: true });
    }
    bench.append(&one, 3, &["shipped"]).await;
    bench.append(&two, 4, &["shipped"]).await;
    assert_eq!(bench.log.commit(again).await.unwrap(), Appended { last: 4, duplicate: true });
    assert_eq!(bench.last().await, 6);
}

async fn a_commit_that_is_sent_again_at_later_versions_is_stored_once(bench: Bench) {
    let [one, two] = ["1", "2"].map(|id| bench.aggregate(id));
    let [first, second] = [append(&one, 0, &["placed"]), append(&two, 0, &["placed", "paid"])];
    let stored = bench.log.commit(commit([first.clone(), second.clone()])).await.unwrap();
    assert_eq!(stored, Appended { last: 3, duplicate: false });
    bench.append(&one, 1, &["paid"]).await;
    let later = commit([Append { expected: 4, ..first }, Append { expected: 3, ..second }]);
    assert_eq!(bench.log.commit(later).await.unwrap(), Appended { last: 3, duplicate: true });
    assert_eq!(bench.last().await, 4);
}

async fn a_commit_of_which_a_part_is_stored_is_refused(bench: Bench) {
    let [one, two] = ["1", "2"].map(|id| bench.aggregate(id));
    let stored = append(&one, 0, &["placed"]);
    bench.log.append(stored.clone()).await.unwrap();
    let part = commit([Append { expected: 1, ..stored }, append(&two, 0, &["placed"])]);
    assert!(duplicate(bench.log.commit(part).await) <= 1);
    assert_eq!(bench.last().await, 1);
}

async fn refuses_an_aggregate_twice_or_of_another_domain(bench: Bench) {
    let aggregate = bench.aggregate("7");
    let twice = commit([append(&aggregate, 0, &["placed"]), append(&aggregate, 1, &["paid"])]);
    assert_eq!(problem(bench.log.commit(twice).await), "it is appended to twice at once");
    let elsewhere = Aggregate::new("elsewhere".parse().unwrap(), "order", "7").unwrap();
    let two_domains = commit([append(&aggregate, 0, &["placed"]), append(&elsewhere, 0, &["placed"])]);
    let problem = problem(bench.log.commit(two_domains).await);
    assert!(problem.contains("together with events of the domain"), "{problem}");
    let placed = event(&aggregate, "placed");
    let nothing = Append { aggregate: bench.aggregate("8"), expected: 0, events: Vec::new() };
    let empty = commit([Append { aggregate, expected: 0, events: vec![placed] }, nothing]);
    assert_eq!(self::problem(bench.log.commit(empty).await), "there is no event to append");
    assert_eq!(bench.last().await, 0);
}

async fn refuses_more_than_a_thousand_events_in_all(bench: Bench) {
    let half = |id: &str, count| append(&bench.aggregate(id), 0, &vec!["paid"; count]);
    let too_many = commit([half("1", 500), half("2", 501)]);
    assert_eq!(problem(bench.log.commit(too_many).await), "it has 1001 events, and at most 1000 fit");
    let fits = commit([half("1", 500), half("2", 500)]);
    assert_eq!(bench.log.commit(fits).await.unwrap().last, 1000);
}

async fn of_two_commits_that_cross_exactly_one_wins(bench: Bench) {
    let ([one, two], other) = (["1", "2"].map(|id| bench.aggregate(id)), bench.other_log().await);
    let mut versions = (0, 0);
    for round in 0..60 {
        let there =
            commit([append(&one, versions.0, &["paid"]), append(&two, versions.1, &["paid", "shipped"])]);
        let back =
            commit([append(&two, versions.1, &["paid"]), append(&one, versions.0, &["paid", "shipped"])]);
        let last = |answer: &Appended| {
            assert!(!answer.duplicate);
            answer.last
        };
        versions = match join(bench.log.commit(there), other.commit(back)).await {
            (Ok(there), Err(_)) => (last(&there) - 2, last(&there)),
            (Err(_), Ok(back)) => (last(&back), last(&back) - 2),
            both => panic!("round {round}: not exactly one wins: {both:?}"),
        };
    }
    assert_eq!(bench.last().await, 3 * 60);
}
