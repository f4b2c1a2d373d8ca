use std::collections::HashSet;

use async_nats::HeaderMap;
use futures::StreamExt as _;
use headwater_log::{Append, EventLog as _};
use tokio::time::timeout;

use super::bed::{Bed, PATIENCE, append, event, group};

group![
    every_append_carries_the_same_guard,
    an_event_is_stored_as_a_cloud_event_in_binary_mode,
    the_server_answers_a_wrong_version_with_one_of_two_codes,
];

async fn every_append_carries_the_same_guard(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7.*"));
    log.append(append(&aggregate, 0, &["placed"])).await.unwrap();
    log.append(append(&aggregate, 1, &["paid", "shipped"])).await.unwrap();
    log.append(append(&aggregate, 3, &["returned"])).await.unwrap();
    for (sequence, expected) in [(1, "0"), (2, "1"), (4, "3")] {
        let message = bed.raw_message(sequence).await;
        let header = |name| message.headers.get(name).map(|value| value.as_str());
        let guard = header("Nats-Expected-Last-Subject-Sequence-Subject");
        assert_eq!(guard, Some(format!("evt.{}.order.*.7%2E%2A", bed.domain).as_str()), "{sequence}");
        assert_eq!(header("Nats-Expected-Last-Subject-Sequence"), Some(expected), "{sequence}");
    }
}

async fn an_event_is_stored_as_a_cloud_event_in_binary_mode(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("Zürich"));
    let event = event(&aggregate, "placed");
    log.append(Append { aggregate, expected: 0, events: vec![event.clone()] }).await.unwrap();
    let message = bed.raw_message(1).await;
    assert_eq!(message.subject.as_str(), format!("evt.{}.order.placed.Z%C3%BCrich", bed.domain));
    assert_eq!(message.payload, event.data());
    for (name, value) in event.headers() {
        assert_eq!(message.headers.get(name.as_ref()).map(|value| value.as_str()), Some(value.as_ref()));
    }
    let id = message.headers.get("Nats-Msg-Id").map(|value| value.as_str().to_owned());
    assert_eq!(id, Some(event.fingerprint().to_string()));
}

/// 10071 by what is stored, and on replicas also 10164, by a write that is proposed and not yet applied.
async fn the_server_answers_a_wrong_version_with_one_of_two_codes(bed: Bed) {
    const WRITES: usize = 50;
    bed.log().await;
    let client = bed.client().await;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.unwrap();
    let wanted = if bed.broker.config().replicas == 1 { 10071 } else { 10164 };
    let mut seen = HashSet::new();
    // Whether a write finds another one in flight is a matter of microseconds.
    for id in 0..100 {
        let guard = bed.aggregate(&id.to_string()).filter();
        for write in 0..WRITES {
            let mut headers = HeaderMap::new();
            headers.insert("Nats-Expected-Last-Subject-Sequence", "0");
            headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", guard.as_str());
            let subject = format!("evt.{}.order.event-{write}.{id}", bed.domain);
            client.publish_with_reply_and_headers(subject, inbox.clone(), headers, "x".into()).await.unwrap();
        }
        let mut stored = 0;
        for _ in 0..WRITES {
            let answer = timeout(PATIENCE, answers.next()).await.unwrap().unwrap();
            let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
            match answer["error"]["err_code"].as_u64() {
                Some(code) => _ = seen.insert(code),
                None => stored += 1,
            }
        }
        assert_eq!(stored, 1);
        if seen.contains(&wanted) {
            break;
        }
    }
    assert!(seen.contains(&wanted) && seen.iter().all(|code| [10071, 10164].contains(code)), "{seen:?}");
}
