//! Each rule: a history that breaks it is reported, and one that doesn't isn't.

use headwater_event::Aggregate;

use super::held::{BatchPlace, Condition, Guard, Held};
use super::{Evidence, Finding, StreamCheck};
use crate::testkit::{Claim, EventName, Told};

fn account(id: &str) -> Aggregate {
    Aggregate::new("bank".parse().unwrap(), "account", id).unwrap()
}

fn name(id: &str) -> EventName {
    EventName { source: "/bank".to_owned(), id: id.to_owned() }
}

/// An event that was stored under the condition that its account is at version `expected`.
fn guarded(sequence: u64, id: &str, account_id: &str, expected: u64) -> Held {
    let aggregate = account(account_id);
    let guard = Some(Guard { expected, subjects: aggregate.filter() });
    Held { sequence, aggregate, event: name(id), condition: Some(Condition { guard, batch: None }) }
}

/// An event that a log has, which says nothing of conditions.
fn plain(sequence: u64, id: &str, account_id: &str) -> Held {
    Held { condition: None, ..guarded(sequence, id, account_id, 0) }
}

/// The same as a part of a batch, whose first message alone is guarded.
fn batched(held: Held, batch: &str, number: u64, commits: bool) -> Held {
    let place = BatchPlace { batch: batch.to_owned(), number, commits };
    let guard = held.condition.and_then(|condition| condition.guard).filter(|_| number == 1);
    Held { condition: Some(Condition { guard, batch: Some(place) }), ..held }
}

fn claim(ids: &[&str], account_id: &str, expected: u64, told: Told) -> Claim {
    let events = ids.iter().map(|id| name(id)).collect();
    Claim { aggregate: account(account_id), events, expected: Some(expected), told }
}

fn stored(last: u64) -> Told {
    Told::Stored { last, repeated: false }
}

fn repeated(last: u64) -> Told {
    Told::Stored { last, repeated: true }
}

fn refused() -> Told {
    Told::Refused { why: "too large".to_owned() }
}

fn findings(held: Vec<Held>, claims: Option<Vec<Claim>>) -> Vec<Finding> {
    let last = held.last().map_or(0, |held| held.sequence);
    StreamCheck { held, last, claims }.report().findings
}

/// Two accounts, a batch among their events, every kind of answer.
fn good_stream() -> Vec<Held> {
    vec![
        guarded(1, "c1/0", "ann", 0),
        guarded(2, "c2/0", "bob", 0),
        batched(guarded(3, "c3/0", "ann", 1), "b1", 1, false),
        batched(guarded(4, "c3/1", "ann", 3), "b1", 2, true),
        guarded(5, "c4/0", "ann", 4),
        guarded(6, "c5/0", "bob", 2),
    ]
}

fn good_claims() -> Vec<Claim> {
    vec![
        claim(&["c1/0"], "ann", 0, stored(1)),
        claim(&["c2/0"], "bob", 0, Told::Nothing),
        claim(&["c2/0"], "bob", 0, repeated(2)),
        claim(&["c3/0", "c3/1"], "ann", 0, Told::Conflict { actual: 1 }),
        claim(&["c3/0", "c3/1"], "ann", 1, stored(4)),
        claim(&["c4/0"], "ann", 4, Told::Nothing),
        claim(&["c5/0"], "bob", 2, stored(6)),
        claim(&["c6/0", "c6/1"], "ann", 5, Told::Nothing),
        claim(&["c7/0"], "ann", 5, refused()),
    ]
}

#[test]
fn a_good_history_has_no_finding_and_everything_in_it_is_counted() {
    let check = StreamCheck { held: good_stream(), last: 6, claims: Some(good_claims()) };
    let report = check.report();
    report.assert_clean();
    let counted = (report.events(), report.guarded_decisions(), report.claimed_decisions());
    assert_eq!(counted, (6, 5, 5));
    assert_eq!((report.conflicts(), report.unknown()), (1, 3));
    assert!(report.to_string().contains("3 without an answer (2 of them stored)"), "{report}");
}

#[test]
#[should_panic(expected = "after sequence 0 comes 2")]
fn a_finding_fails_the_test_that_asserts_there_is_none() {
    StreamCheck { held: vec![plain(2, "c1/0", "ann")], last: 2, claims: None }.report().assert_clean();
}

#[test]
fn a_missing_sequence_is_found() {
    let found = findings(vec![plain(1, "c1/0", "ann"), plain(3, "c2/0", "ann")], None);
    assert_eq!(found, [Finding::Gap { after: 1, next: 3 }]);
}

#[test]
fn an_end_that_is_missing_is_found() {
    let check = StreamCheck { held: vec![plain(1, "c1/0", "ann")], last: 2, claims: None };
    assert_eq!(check.report().findings, [Finding::Short { read: 1, last: 2 }]);
}

#[test]
fn an_event_that_is_stored_twice_is_found() {
    let found = findings(vec![plain(1, "c1/0", "ann"), plain(2, "c1/0", "ann")], None);
    assert_eq!(found, [Finding::StoredTwice { event: name("c1/0"), first: 1, second: 2 }]);
}

#[test]
fn a_guard_on_a_version_that_was_over_is_found() {
    let held = vec![guarded(1, "c1/0", "ann", 0), guarded(2, "c2/0", "ann", 1), guarded(3, "c3/0", "ann", 0)];
    let found = findings(held, None);
    assert!(
        matches!(
            &found[..],
            [Finding::SameVersion { first_sequence: 1, second_sequence: 3, evidence: Evidence::Guard, .. }]
        ),
        "{found:?}"
    );
    let held = vec![guarded(1, "c1/0", "ann", 0), guarded(2, "c2/0", "bob", 0), guarded(3, "c3/0", "bob", 1)];
    let found = findings(held, None);
    assert!(
        matches!(&found[..], [Finding::VersionGap { sequence: 3, expected: 1, version: 2, .. }]),
        "{found:?}"
    );
}

#[test]
fn a_message_without_a_guard_is_found() {
    let mut held = good_stream();
    held[4].condition = Some(Condition::default());
    let found = findings(held, None);
    assert_eq!(found, [Finding::Unguarded { event: name("c4/0"), sequence: 5 }]);
}

#[test]
fn a_batch_is_guarded_for_each_of_its_aggregates() {
    let held = vec![
        batched(guarded(1, "c1/0", "ann", 0), "b1", 1, false),
        batched(guarded(2, "c1/1", "ann", 0), "b1", 2, false),
        batched(guarded(3, "c2/0", "bob", 0), "b1", 3, true),
    ];
    assert_eq!(findings(held, None), [Finding::Unguarded { event: name("c2/0"), sequence: 3 }]);
}

#[test]
fn a_guard_in_other_words_is_found() {
    let mut held = guarded(1, "c1/0", "ann", 0);
    let guarded = "evt.bank.account.deposited.ann".to_owned();
    let guard = Guard { expected: 0, subjects: guarded.clone() };
    held.condition = Some(Condition { guard: Some(guard), batch: None });
    let subjects = account("ann").filter();
    let finding = Finding::OtherGuard { event: name("c1/0"), sequence: 1, guarded, subjects };
    assert_eq!(findings(vec![held], None), [finding]);
}

#[test]
fn a_batch_in_pieces_is_found() {
    let batch = |sequence, id, number, commits| {
        batched(guarded(sequence, id, "ann", sequence - 1), "b1", number, commits)
    };
    let torn = |held: Vec<Held>| {
        let found = findings(held, None);
        let torn = found.iter().filter_map(|finding| match finding {
            Finding::TornBatch { number, sequence, .. } => Some((*number, *sequence)),
            _ => None,
        });
        torn.collect::<Vec<_>>()
    };
    // Without its end, at the end of the stream and before another event.
    assert_eq!(torn(vec![batch(1, "c1/0", 1, false)]), [(1, 1)]);
    assert_eq!(torn(vec![batch(1, "c1/0", 1, false), guarded(2, "c2/0", "ann", 1)]), [(1, 1)]);
    // Without its beginning.
    assert_eq!(torn(vec![batch(1, "c1/1", 2, true)]), [(2, 1)]);
    // Without its middle.
    assert_eq!(torn(vec![batch(1, "c1/0", 1, false), batch(2, "c1/2", 3, true)]), [(1, 1), (3, 2), (3, 2)]);
    // Twice.
    assert_eq!(torn(vec![batch(1, "c1/0", 1, true), batch(2, "c2/0", 1, true)]), [(1, 2)]);
    // Whole.
    assert_eq!(torn(vec![batch(1, "c1/0", 1, false), batch(2, "c1/1", 2, true)]), []);
}

#[test]
fn an_acknowledged_event_that_is_nowhere_is_found() {
    let mut claims = good_claims();
    claims.push(claim(&["c8/0"], "ann", 5, stored(7)));
    let lost = Finding::Lost { event: name("c8/0"), aggregate: account("ann"), said: 7 };
    assert_eq!(findings(good_stream(), Some(claims)), [lost]);
}

#[test]
fn an_acknowledged_event_that_is_elsewhere_is_found() {
    let mut claims = good_claims();
    claims[0].told = stored(2);
    assert_eq!(
        findings(good_stream(), Some(claims)),
        [Finding::Elsewhere { event: name("c1/0"), said: 2, found: 1 }]
    );
    // Also when it is the repeated answer that is wrong, and of a batch every event.
    let mut claims = good_claims();
    claims.push(claim(&["c3/0", "c3/1"], "ann", 1, repeated(5)));
    let found = findings(good_stream(), Some(claims));
    assert_eq!(
        found,
        [
            Finding::Elsewhere { event: name("c3/0"), said: 4, found: 3 },
            Finding::Elsewhere { event: name("c3/1"), said: 5, found: 4 },
        ]
    );
}

#[test]
fn an_event_of_another_aggregate_than_was_acknowledged_is_found() {
    let mut claims = good_claims();
    claims[0].aggregate = account("eve");
    let finding = Finding::OtherAggregate {
        event: name("c1/0"),
        sequence: 1,
        said: account("eve"),
        found: account("ann"),
    };
    assert_eq!(findings(good_stream(), Some(claims)), [finding]);
}

#[test]
fn half_a_decision_is_found() {
    let held = vec![plain(1, "c1/0", "ann")];
    let claims = vec![claim(&["c1/0", "c1/1"], "ann", 0, Told::Nothing)];
    let split = |places: &[Option<u64>]| Finding::Split {
        events: vec!["c1/0".to_owned(), "c1/1".to_owned()],
        places: places.to_vec(),
        told: Told::Nothing,
    };
    assert_eq!(findings(held, Some(claims.clone())), [split(&[Some(1), None])]);

    let between = claim(&["c2/0"], "bob", 0, stored(2));
    let held = vec![plain(1, "c1/0", "ann"), plain(2, "c2/0", "bob"), plain(3, "c1/1", "ann")];
    assert_eq!(findings(held, Some(vec![claims[0].clone(), between])), [split(&[Some(1), Some(3)])]);

    let held = vec![plain(1, "c1/0", "ann"), plain(2, "c1/1", "ann")];
    assert_eq!(findings(held, Some(claims)), []);
}

#[test]
fn a_decision_that_was_made_again_is_whole_as_it_was_made_last() {
    let held = vec![plain(1, "c1/0", "ann"), plain(2, "c2/0", "ann")];
    let claims = vec![
        claim(&["c1/0"], "ann", 0, stored(1)),
        // On the version before, the same command came to two events.
        claim(&["c2/0", "c2/1"], "ann", 0, Told::Nothing),
        claim(&["c2/0"], "ann", 1, stored(2)),
    ];
    assert_eq!(findings(held, Some(claims)), []);
}

#[test]
fn an_event_that_was_refused_and_is_stored_is_found() {
    for told in [refused(), Told::Conflict { actual: 1 }] {
        let mut claims = good_claims();
        claims[5].told = told.clone();
        assert_eq!(
            findings(good_stream(), Some(claims)),
            [Finding::StoredThoughRefused { event: name("c4/0"), sequence: 5, told }]
        );
    }
}

#[test]
fn an_event_that_nobody_claims_is_found() {
    let mut claims = good_claims();
    claims.remove(5);
    let unclaimed = Finding::Unclaimed { event: name("c4/0"), sequence: 5 };
    assert_eq!(findings(good_stream(), Some(claims)), [unclaimed]);
}

#[test]
fn two_decisions_on_one_version_are_found_by_what_their_writers_say() {
    let held = vec![plain(1, "c1/0", "ann"), plain(2, "c2/0", "ann")];
    let both = |told: Told| vec![claim(&["c1/0"], "ann", 0, stored(1)), claim(&["c2/0"], "ann", 0, told)];
    for told in [stored(2), Told::Nothing] {
        let found = findings(held.clone(), Some(both(told)));
        assert!(
            matches!(&found[..], [Finding::SameVersion { version: 0, evidence: Evidence::Claim, .. }]),
            "{found:?}"
        );
    }
}

#[test]
fn a_decision_on_a_version_that_never_was_is_found_by_what_its_writer_says() {
    let held = vec![plain(1, "c1/0", "ann"), plain(2, "c2/0", "bob")];
    let claims = vec![claim(&["c1/0"], "ann", 0, stored(1)), claim(&["c2/0"], "bob", 1, stored(2))];
    let found = findings(held, Some(claims));
    assert!(
        matches!(&found[..], [Finding::VersionGap { sequence: 2, expected: 1, version: 0, .. }]),
        "{found:?}"
    );
}

#[test]
fn of_attempts_without_an_answer_the_one_on_the_right_version_has_stored_the_event() {
    let held = vec![plain(1, "c1/0", "ann"), plain(2, "c2/0", "ann")];
    let claims = vec![
        claim(&["c1/0"], "ann", 0, stored(1)),
        claim(&["c2/0"], "ann", 0, Told::Nothing),
        claim(&["c2/0"], "ann", 1, Told::Nothing),
        claim(&["c2/0"], "ann", 0, repeated(2)),
    ];
    assert_eq!(findings(held, Some(claims)), []);
}

#[test]
fn an_attempt_that_is_called_a_repetition_may_be_the_one_that_has_stored_the_event() {
    let held = vec![plain(1, "c1/0", "ann"), plain(2, "c2/0", "ann"), plain(3, "c3/0", "ann")];
    let claims = |repeated_on| {
        vec![
            claim(&["c1/0"], "ann", 0, stored(1)),
            claim(&["c2/0"], "ann", 1, stored(2)),
            // A guess that was never answered, and the right version, of whose answers the first was lost.
            claim(&["c3/0"], "ann", 0, Told::Nothing),
            claim(&["c3/0"], "ann", repeated_on, repeated(3)),
        ]
    };
    assert_eq!(findings(held.clone(), Some(claims(2))), []);
    assert_eq!(findings(held, Some(claims(1))).len(), 1);
}

#[test]
fn a_conflict_with_a_version_that_never_was_is_found() {
    // The first is another account's event, the second beyond the end.
    for version in [2, 7] {
        let mut claims = good_claims();
        claims[3].told = Told::Conflict { actual: version };
        let finding = Finding::NoSuchVersion { aggregate: account("ann"), version };
        assert_eq!(findings(good_stream(), Some(claims)), [finding]);
    }
}
