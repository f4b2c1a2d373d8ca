//! Expected versions: every append has one, whether the client names it or not.

use serde_json::json;

use super::bed::{Bed, FLIGHT, OTHER_FLIGHT, departed, with};

#[tokio::test]
async fn a_fact_goes_behind_whatever_is_there() {
    let bed = Bed::start().await;
    let other = bed.another_edge().await;
    for (number, edge) in [&bed, &other, &bed, &other].into_iter().enumerate() {
        let answer = edge.structured(&departed(&number.to_string(), FLIGHT)).await;
        assert_eq!(answer.is_stored().sequences(), [number as u64 + 1]);
        assert_eq!(answer.header("etag"), Some(format!("\"{}\"", number + 1).as_str()));
    }
}

#[tokio::test]
async fn many_edges_and_clients_at_once_lose_and_double_nothing() {
    let bed = Bed::start().await;
    let edges = [bed.another_edge().await, bed.another_edge().await, bed.another_edge().await];
    let clients = (0..60).map(|number: usize| {
        let edge = &edges[number % edges.len()];
        let flight = if number.is_multiple_of(2) { FLIGHT } else { OTHER_FLIGHT };
        async move {
            let event = departed(&number.to_string(), flight);
            // Others may be first each time, and then the client sends it again.
            while !edge.structured(&event).await.status.is_success() {}
        }
    });
    futures::future::join_all(clients).await;
    assert_eq!(bed.count().await, 60);
}

#[tokio::test]
async fn a_decision_is_stored_at_the_version_that_it_was_made_on() {
    let bed = Bed::start().await;
    let first = bed.structured_with(&[("if-none-match", "*")], &departed("1", FLIGHT)).await;
    let tag = first.is_stored().header("etag").unwrap().to_owned();
    let second = bed.structured_with(&[("if-match", &tag)], &departed("2", FLIGHT)).await;
    second.is_stored();
    let stale = bed.structured_with(&[("if-match", &tag)], &departed("3", FLIGHT)).await;
    insta::assert_json_snapshot!(stale.is_problem("version-conflict").snapshot());
    let not_new = bed.structured_with(&[("if-none-match", "*")], &departed("3", FLIGHT)).await;
    assert_eq!(
        (&not_new.is_problem("version-conflict").body["actual"], not_new.header("etag")),
        (&json!(2), Some("\"2\""))
    );
    let exists = bed.structured_with(&[("if-match", "*")], &departed("3", FLIGHT)).await;
    assert_eq!(exists.is_stored().sequences(), [3]);
    let missing = bed.structured_with(&[("if-match", "*")], &departed("4", OTHER_FLIGHT)).await;
    assert_eq!(missing.is_problem("version-conflict").body["actual"], 0);
}

#[tokio::test]
async fn a_conflict_names_the_version_of_now_also_when_others_have_written_since() {
    let bed = Bed::start().await;
    let other = bed.another_edge().await;
    bed.structured(&departed("1", FLIGHT)).await.is_stored();
    for (id, header, actual) in [("2", ("if-none-match", "*"), 2), ("3", ("if-match", "\"1\""), 3)] {
        other.structured(&departed(id, FLIGHT)).await.is_stored();
        let answer = bed.structured_with(&[header], &departed("late", FLIGHT)).await;
        assert_eq!(answer.is_problem("version-conflict").body["actual"], actual, "{header:?}");
        assert_eq!(answer.header("etag"), Some(format!("\"{actual}\"").as_str()));
    }
    let answer = bed.structured_with(&[("if-match", "\"3\"")], &departed("late", FLIGHT)).await;
    assert_eq!(answer.is_stored().sequences(), [4]);
}

#[tokio::test]
async fn a_version_that_nobody_has_seen_conflicts_also_at_an_edge_that_has_just_started() {
    let bed = Bed::start().await;
    bed.structured(&departed("1", FLIGHT)).await.is_stored();
    bed.structured(&departed("2", OTHER_FLIGHT)).await.is_stored();
    for (expected, actual) in [("\"0\"", 1), ("\"2\"", 1), ("\"99\"", 1)] {
        for edge in [&bed, &bed.another_edge().await] {
            let answer = edge.structured_with(&[("if-match", expected)], &departed("3", FLIGHT)).await;
            assert_eq!(answer.is_problem("version-conflict").body["actual"], actual, "{expected}");
        }
    }
    assert_eq!(bed.count().await, 2);
}

#[tokio::test]
async fn a_decision_that_was_stored_is_a_repeat_and_no_conflict() {
    let bed = Bed::start().await;
    let first = [("if-none-match", "*")];
    bed.structured_with(&first, &departed("1", FLIGHT)).await.is_stored();
    bed.structured(&departed("2", FLIGHT)).await.is_stored();
    for edge in [&bed, &bed.another_edge().await] {
        let again = edge.structured_with(&first, &departed("1", FLIGHT)).await;
        assert_eq!(again.is_repeated().header("etag"), Some("\"1\""));
    }
}

#[tokio::test]
async fn an_expected_version_is_for_one_aggregate() {
    let bed = Bed::start().await;
    let headers = [("content-type", "application/cloudevents-batch+json"), ("if-match", "\"1\"")];
    let events = json!([departed("1", FLIGHT), departed("2", OTHER_FLIGHT)]);
    let answer = bed.post(&headers, events.to_string()).await;
    insta::assert_json_snapshot!(answer.is_problem("invalid-precondition").snapshot());
    let headers = [headers[0], ("if-none-match", "*")];
    let events = json!([departed("1", FLIGHT), departed("2", FLIGHT)]);
    assert_eq!(bed.post(&headers, events.to_string()).await.is_stored().sequences(), [1, 2]);
}

#[tokio::test]
async fn a_tag_that_is_no_version_is_refused_before_anything_is_stored() {
    let bed = Bed::start().await;
    let event = with(departed("1", FLIGHT), json!({}));
    for (name, value) in [("if-match", "W/\"1\""), ("if-match", "1"), ("if-none-match", "\"1\"")] {
        bed.structured_with(&[(name, value)], &event).await.is_problem("invalid-precondition");
    }
    assert_eq!(bed.count().await, 0);
}
