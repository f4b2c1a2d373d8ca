use std::time::Duration;

use async_nats::HeaderMap;
use headwater_log::{Append, EventLog as _, JetStreamConfig, JetStreamLog};

use super::bed::{Bed, append, duplicate, eventually, group, ids};

group![
    an_event_whose_answer_is_lost_is_stored_once,
    a_batch_whose_answer_is_lost_is_stored_once,
    an_event_whose_answer_is_lost_is_found_when_another_writer_has_gone_on,
    a_batch_whose_answer_is_lost_is_found_when_another_writer_has_gone_on,
    an_event_whose_answer_is_lost_is_found_after_the_duplicate_window,
    a_batch_whose_answer_is_lost_is_found_after_the_duplicate_window,
];

async fn an_event_whose_answer_is_lost_is_stored_once(bed: Bed) {
    lose_the_answer(&bed, &["paid"], Meanwhile::Nothing).await;
}

async fn a_batch_whose_answer_is_lost_is_stored_once(bed: Bed) {
    lose_the_answer(&bed, &["paid", "shipped", "returned"], Meanwhile::Nothing).await;
}

async fn an_event_whose_answer_is_lost_is_found_when_another_writer_has_gone_on(bed: Bed) {
    lose_the_answer(&bed, &["paid"], Meanwhile::AnotherWriter).await;
}

async fn a_batch_whose_answer_is_lost_is_found_when_another_writer_has_gone_on(bed: Bed) {
    lose_the_answer(&bed, &["paid", "shipped", "returned"], Meanwhile::AnotherWriter).await;
}

async fn an_event_whose_answer_is_lost_is_found_after_the_duplicate_window(bed: Bed) {
    lose_the_answer(&bed, &["paid"], Meanwhile::AnotherWriterAndTheWindow).await;
}

async fn a_batch_whose_answer_is_lost_is_found_after_the_duplicate_window(bed: Bed) {
    lose_the_answer(&bed, &["paid", "shipped", "returned"], Meanwhile::AnotherWriterAndTheWindow).await;
}

/// What happens between the append and its retry.
#[derive(Clone, Copy, PartialEq)]
enum Meanwhile {
    Nothing,
    AnotherWriter,
    AnotherWriterAndTheWindow,
}

async fn lose_the_answer(bed: &Bed, names: &[&str], meanwhile: Meanwhile) {
    let duplicate_window = match meanwhile {
        Meanwhile::AnotherWriterAndTheWindow => Duration::from_millis(300),
        _ => Duration::from_secs(120),
    };
    let config = JetStreamConfig { duplicate_window, ..bed.broker.config() };
    let direct = JetStreamLog::new(bed.client().await, config);
    direct.open(&bed.domain).await.unwrap();
    let aggregate = bed.aggregate("7");
    let placed = append(&aggregate, 0, &["placed"]);
    direct.append(placed.clone()).await.unwrap();

    let (log, proxy) = bed.log_behind_proxy().await;
    proxy.drop_replies();
    let ours = append(&aggregate, 1, names);
    let answer = log.begin_append(ours.clone()).await.unwrap();
    let ours_last = 1 + names.len() as u64;
    eventually("the append is stored", || async {
        direct.info(&bed.domain).await.unwrap().last == ours_last
    })
    .await;

    let mut all: Vec<_> = sent(&placed).chain(sent(&ours)).collect();
    if meanwhile != Meanwhile::Nothing {
        let theirs = append(&aggregate, ours_last, &["cancelled"]);
        direct.append(theirs.clone()).await.unwrap();
        all.extend(sent(&theirs));
    }
    if meanwhile == Meanwhile::AnotherWriterAndTheWindow {
        the_window_passes(bed).await;
    }
    proxy.restore();

    assert_eq!(answer.await.unwrap(), duplicate(ours_last));
    assert_eq!(ids(&direct.load(&aggregate, ours_last).await.unwrap()), all);
    // And for a caller who asks once more.
    assert_eq!(log.append(ours).await.unwrap(), duplicate(ours_last));
}

/// Waits until the server takes a message for new that was stored after the events.
async fn the_window_passes(bed: &Bed) {
    let jetstream = async_nats::jetstream::new(bed.client().await);
    let publish = || async {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", "probe");
        let subject = format!("evt.{}.probe.probed.1", bed.domain);
        jetstream.publish_with_headers(subject, headers, "".into()).await.unwrap().await.unwrap()
    };
    assert!(!publish().await.duplicate);
    eventually("the duplicate window passes", || async { !publish().await.duplicate }).await;
}

fn sent(append: &Append) -> impl Iterator<Item = String> {
    append.events.iter().map(|event| event.id().to_owned())
}
