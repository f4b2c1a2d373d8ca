//! What is parked is found again, however much it is.

use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::PublishErrorKind;
use headwater_log::{JetStreamConfig, JetStreamLog, Letter, Reason};
use jiff::Timestamp;

use super::bed::{Bed, group};

group![letters_are_read_as_long_as_they_come, a_letter_that_cannot_be_read_still_names_its_key];

/// The stream of letters is the broker's: each case has a reactor of its own.
fn reactor(bed: &Bed) -> String {
    bed.domain.as_str().chars().take(90).collect()
}

fn letter(bed: &Bed, id: &str, sequence: u64) -> Letter {
    Letter {
        reactor: reactor(bed),
        handler_version: 1,
        key: format!("{}.order.{id}", bed.domain),
        domain: bed.domain.to_string(),
        sequence,
        event: Some(sequence.to_string()),
        source: Some("/shop".to_owned()),
        event_type: None,
        reason: Reason::Refused,
        errors: Vec::new(),
        attempts: 1,
        parked_at: Timestamp::UNIX_EPOCH,
    }
}

/// Stores what somebody else has written, on the subject of a letter.
async fn store(bed: &Bed, jetstream: &Context, id: &str, payload: Vec<u8>) {
    let subject = format!("dead.{}.{}.order.{id}", reactor(bed), bed.domain);
    loop {
        let answer = jetstream.publish(subject.clone(), payload.clone().into()).await.unwrap().await;
        match answer {
            Ok(_) => return,
            // A server of a cluster hears of a new stream a moment later.
            Err(error) if error.kind() == PublishErrorKind::StreamNotFound => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// A reactor that can't read all its letters never begins.
async fn letters_are_read_as_long_as_they_come(bed: Bed) {
    let dead = bed.log().await.dead_letters();
    dead.open().await.unwrap();
    let jetstream = async_nats::jetstream::new(bed.client().await);
    for sequence in 1..=150 {
        let json = serde_json::to_vec(&letter(&bed, "7", sequence)).unwrap();
        store(&bed, &jetstream, "7", json).await;
    }
    let (client, proxy) = bed.client_behind_proxy().await;
    let deadline = Duration::from_secs(2);
    let log = JetStreamLog::new(client, JetStreamConfig { deadline, ..bed.impatient() });
    // One question after another: together they take longer than one may.
    proxy.delay(Duration::from_millis(20), Duration::ZERO);
    let (letters, replaced) = log.dead_letters().letters(Some(&reactor(&bed))).await.unwrap();
    let sequences: Vec<_> = letters.iter().map(|parked| parked.letter.sequence).collect();
    assert_eq!(sequences, (1..=150).collect::<Vec<_>>());
    assert!(replaced.is_empty());
}

/// For example because a newer version has written it.
async fn a_letter_that_cannot_be_read_still_names_its_key(bed: Bed) {
    let dead = bed.log().await.dead_letters();
    dead.open().await.unwrap();
    let jetstream = async_nats::jetstream::new(bed.client().await);
    let mut newer = serde_json::to_value(letter(&bed, "newer", 4)).unwrap();
    newer["reason"] = serde_json::json!({ "kind": "postponed", "until": "tomorrow" });
    store(&bed, &jetstream, "newer", newer.to_string().into()).await;
    newer["attempts"] = "many".into();
    store(&bed, &jetstream, "other", newer.to_string().into()).await;
    for _ in 0..2 {
        store(&bed, &jetstream, "foreign", b"no letter".to_vec()).await;
    }
    let (letters, replaced) = dead.letters(Some(&reactor(&bed))).await.unwrap();
    let id = |key: &str| key.rsplit('.').next().unwrap().to_owned();
    let told: Vec<_> = letters
        .iter()
        .map(|parked| (id(&parked.letter.key), parked.letter.sequence, parked.letter.reason.clone()))
        .collect();
    let unknown = |id: &str, sequence| (id.to_owned(), sequence, Reason::Unknown);
    assert_eq!(told, [unknown("foreign", 0), unknown("newer", 4), unknown("other", 4)]);
    assert_eq!(letters[1].letter.event.as_deref(), Some("4"));
    // Nobody knows whether one of them replaces the other.
    assert_eq!(replaced, [0; 0]);
}
