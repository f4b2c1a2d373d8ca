use headwater_event::Envelope;
use jiff::{SignedDuration, Timestamp};

use super::bench::{Bench, append, envelopes, next, sequences, take};
use super::case::group;
use crate::Append;

group![
    sequences_rise_by_one_from_1,
    readers_see_events_in_the_order_in_which_their_appends_were_begun,
    thousands_of_appends_may_be_begun_before_an_answer_is_looked_at,
    an_append_whose_answer_is_dropped_is_stored,
    an_event_comes_back_as_it_was_sent,
];

async fn sequences_rise_by_one_from_1(bench: Bench) {
    for number in 1..=20 {
        let aggregate = bench.aggregate(format!("{number}"));
        assert_eq!(bench.append(&aggregate, 0, &["placed"]).await.last, number);
    }
    assert_eq!(sequences(&bench.stored().await), (1..=20).collect::<Vec<_>>());
    assert_eq!(bench.last().await, 20);
}

async fn readers_see_events_in_the_order_in_which_their_appends_were_begun(bench: Bench) {
    let mut follow = bench.follow(bench.all(), None).await;
    let (mut begun, mut answers) = (Vec::new(), Vec::new());
    for number in 0..1000 {
        let append = append(&bench.aggregate(format!("{number}")), 0, &["placed"]);
        begun.extend(append.events.clone());
        answers.push(bench.log.begin_append(append).await.unwrap());
    }
    for (answer, expected) in answers.into_iter().zip(1..) {
        assert_eq!(answer.await.unwrap().last, expected);
    }
    assert_eq!(envelopes(&take(&mut follow, 1000).await), begun);
    assert_eq!(envelopes(&bench.stored().await), begun);
}

/// More than a log lets under way: then it waits for room, and must not wait for the caller.
async fn thousands_of_appends_may_be_begun_before_an_answer_is_looked_at(bench: Bench) {
    let mut answers = Vec::new();
    for number in 0..5000 {
        let names: &[&str] = if number % 100 == 0 { &["placed", "paid"] } else { &["placed"] };
        let append = append(&bench.aggregate(format!("{number}")), 0, names);
        answers.push(bench.log.begin_append(append).await.unwrap());
    }
    for answer in answers {
        // On a slow machine an answer may be late, and then the append is sent again.
        answer.await.unwrap();
    }
    assert_eq!(bench.last().await, 5050);
}

async fn an_append_whose_answer_is_dropped_is_stored(bench: Bench) {
    let mut follow = bench.follow(bench.all(), None).await;
    let append = append(&bench.aggregate("7"), 0, &["placed"]);
    drop(bench.log.begin_append(append.clone()).await.unwrap());
    assert_eq!(next(&mut follow).await.unwrap().envelope, append.events[0]);
}

async fn an_event_comes_back_as_it_was_sent(bench: Bench) {
    let aggregate = bench.aggregate("50 % of \"Zürich\" ✈");
    let event_type = format!("org.example.{}.order.placed.v3", bench.domain);
    let full =
        Envelope::builder("id with spaces, \"quotes\" and ü", "https://example.org/till?a=1#b", event_type)
            .subject(aggregate.id())
            .time("2013-01-01T10:15:00.123456789Z".parse().unwrap())
            .json(r#"{"text":"line\nü"}"#, "urn:headwater:schema:x")
            .extension("correlationid", "50 %")
            .extension("empty", "")
            .extension("note", "ü ✈ \\ \"")
            .build()
            .unwrap();
    let bare = Envelope::builder("2", "/till", full.type_name()).subject(aggregate.id()).build().unwrap();
    let binary = Envelope::builder("3", "/till", full.type_name())
        .subject(aggregate.id())
        .data("application/octet-stream", vec![0, 10, 13, 10, 10, 255])
        .build()
        .unwrap();
    let sent = vec![full, bare, binary];

    let before = Timestamp::now();
    let mut expected = 0;
    for event in &sent {
        let append = Append { aggregate: aggregate.clone(), expected, events: vec![event.clone()] };
        expected = bench.log.append(append).await.unwrap().last;
    }

    let stored = bench.stored().await;
    assert_eq!(envelopes(&stored), sent);
    assert_eq!(bench.log.load(&aggregate, expected).await.unwrap(), stored);
    assert_eq!(take(&mut bench.follow(bench.all(), None).await, sent.len()).await, stored);
    for event in &stored {
        let delay = event.stored_at.duration_since(before);
        assert!(delay > -SignedDuration::from_secs(1) && delay < SignedDuration::from_secs(60), "{delay}");
    }
}
