use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
use headwater_log::{Backlog, Delivery, EventLog as _, JetStreamLog, Term, Work, WorkConfig, WorkEnded};
use tokio::time::{Instant, timeout};

use super::bed::{Bed, PATIENCE, append, eventually, group};

group![
    events_come_in_order_until_they_are_acknowledged,
    what_a_dead_worker_had_in_hand_comes_first,
    a_worker_whose_connection_is_cut_gets_everything_in_order,
    a_worker_that_the_broker_does_not_hear_ends_before_another_one_begins,
    a_released_term_lets_another_one_begin_at_once,
    a_term_has_ended_before_its_release_is_known,
    a_deleted_consumer_is_made_again_after_what_is_done,
    a_consumer_of_another_kind_is_refused,
    a_foreign_message_is_handed_out_with_what_is_wrong,
    the_backlog_says_what_is_yet_to_be_done,
];

fn config() -> WorkConfig {
    WorkConfig { term: Duration::from_secs(2), in_hand_max: 16, ..WorkConfig::default() }
}

/// Consumers are named by the stream, and leases aren't: each case has a name of its own.
fn work(bed: &Bed, log: &JetStreamLog) -> Work {
    let name: String = bed.domain.as_str().chars().take(90).collect();
    log.work(&name, bed.all(), config()).unwrap()
}

async fn take(work: &Work) -> Term {
    timeout(PATIENCE, work.take()).await.expect("nobody else works").unwrap()
}

async fn next(term: &mut Term) -> Delivery {
    timeout(PATIENCE, term.next()).await.expect("no event comes").expect("the term has ended")
}

async fn store(bed: &Bed, log: &JetStreamLog, version: u64, count: u64) {
    for version in version..version + count {
        log.append(append(&bed.aggregate("7"), version, &["paid"])).await.unwrap();
    }
}

async fn events_come_in_order_until_they_are_acknowledged(bed: Bed) {
    let log = bed.log().await;
    store(&bed, &log, 0, 40).await;
    let mut term = take(&work(&bed, &log)).await;
    for sequence in 1..=40 {
        let delivery = next(&mut term).await;
        assert_eq!((delivery.sequence, delivery.delivered), (sequence, 1));
        assert_eq!(delivery.event.as_ref().unwrap().sequence, sequence);
        delivery.ack().await.unwrap();
    }
    let more = timeout(Duration::from_millis(300), term.next()).await;
    assert!(more.is_err(), "{more:?}");
    term.release().await;
}

async fn what_a_dead_worker_had_in_hand_comes_first(bed: Bed) {
    let log = bed.log().await;
    store(&bed, &log, 0, 5).await;
    let mut first = take(&work(&bed, &log)).await;
    for _ in 0..5 {
        let delivery = next(&mut first).await;
        if [1, 3].contains(&delivery.sequence) {
            delivery.ack().await.unwrap();
        }
    }
    drop(first);
    store(&bed, &log, 5, 1).await;
    let mut second = take(&work(&bed, &log)).await;
    let mut sequences = Vec::new();
    while sequences.last() != Some(&6) {
        sequences.push(next(&mut second).await.sequence);
    }
    // What was acknowledged above the lowest one comes again; who works knows it.
    assert_eq!(sequences, [2, 3, 4, 5, 6]);
}

async fn a_worker_whose_connection_is_cut_gets_everything_in_order(bed: Bed) {
    let direct = bed.log().await;
    let (log, proxy) = bed.log_behind_proxy().await;
    store(&bed, &direct, 0, 30).await;
    let work = work(&bed, &log);
    let mut term = take(&work).await;
    let mut done = 0;
    let mut cuts = 0;
    while done < 30 {
        match timeout(PATIENCE, term.next()).await.expect("no event comes") {
            Ok(delivery) => {
                let sequence = delivery.sequence;
                // What was acknowledged may come again, and nothing may be left out.
                assert!(sequence <= done + 1, "{sequence} comes after {done}");
                if sequence % 7 == 0 && sequence > done {
                    proxy.cut();
                    cuts += 1;
                }
                if delivery.ack().await.is_ok() {
                    done = done.max(sequence);
                }
            }
            // The broker wasn't heard for too long.
            Err(_) => term = take(&work).await,
        }
    }
    assert_eq!(cuts, 4);
}

async fn a_worker_that_the_broker_does_not_hear_ends_before_another_one_begins(bed: Bed) {
    let direct = bed.log().await;
    let (log, proxy) = bed.log_behind_proxy().await;
    store(&bed, &direct, 0, 1).await;
    let mut first = take(&work(&bed, &log)).await;
    next(&mut first).await;
    let other = work(&bed, &direct);
    let waiting = tokio::spawn(async move { (other.take().await.unwrap(), Instant::now()) });
    // It stands by for longer than a term.
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(first.tenure().is_held() && !waiting.is_finished());

    proxy.drop_replies();
    let tenure = first.tenure();
    timeout(PATIENCE, tenure.ended()).await.expect("it believes in its term for ever");
    let ended = Instant::now();
    assert!(!tenure.is_held());
    let why = first.next().await.unwrap_err();
    assert_eq!(why, WorkEnded::Unconfirmed);
    let (mut second, begun) = timeout(PATIENCE, waiting).await.expect("nobody takes over").unwrap();
    assert!(begun > ended, "two were active at once");
    assert_eq!(next(&mut second).await.sequence, 1);
    drop(proxy);
}

async fn a_released_term_lets_another_one_begin_at_once(bed: Bed) {
    let log = bed.log().await;
    store(&bed, &log, 0, 1).await;
    let patient = WorkConfig { term: Duration::from_secs(600), ..WorkConfig::default() };
    let name: String = bed.domain.as_str().chars().take(90).collect();
    let (one, other) = (bed.log().await, bed.log().await);
    let one = one.work(&name, bed.all(), patient.clone()).unwrap();
    let other = other.work(&name, bed.all(), patient).unwrap();
    for _ in 0..3 {
        let term = take(&one).await;
        let tenure = term.tenure();
        term.release().await;
        assert!(!tenure.is_held());
        take(&other).await.release().await;
    }
}

/// Another one may begin as soon as the release is stored, and that its answer is lost must not keep two at work.
async fn a_term_has_ended_before_its_release_is_known(bed: Bed) {
    let direct = bed.log().await;
    let (log, proxy) = bed.log_behind_proxy().await;
    store(&bed, &direct, 0, 1).await;
    let patient = WorkConfig { term: Duration::from_secs(40), ..WorkConfig::default() };
    let name: String = bed.domain.as_str().chars().take(90).collect();
    let first = take(&log.work(&name, bed.all(), patient.clone()).unwrap()).await;
    let tenure = first.tenure();
    let other = direct.work(&name, bed.all(), patient).unwrap();
    proxy.drop_replies();
    let releasing = tokio::spawn(first.release());
    let second = take(&other).await;
    assert!(!tenure.is_held(), "two are active at once");
    assert!(!releasing.is_finished(), "its answer isn't lost");
    releasing.abort();
    second.release().await;
}

async fn a_deleted_consumer_is_made_again_after_what_is_done(bed: Bed) {
    let log = bed.log().await;
    store(&bed, &log, 0, 3).await;
    let work = work(&bed, &log);
    let mut term = take(&work).await;
    for sequence in 1..=2 {
        next(&mut term).await.ack().await.unwrap();
        term.tenure().done_up_to(sequence);
    }
    let name: String = bed.domain.as_str().chars().take(90).collect();
    bed.stream().await.delete_consumer(&name).await.unwrap();
    let mut sequences = BTreeSet::new();
    store(&bed, &log, 3, 1).await;
    while !sequences.contains(&4) {
        sequences.insert(next(&mut term).await.sequence);
    }
    assert_eq!(sequences, BTreeSet::from([3, 4]));
}

async fn a_consumer_of_another_kind_is_refused(bed: Bed) {
    let log = bed.log().await;
    let name: String = bed.domain.as_str().chars().take(90).collect();
    let foreign =
        pull::Config { durable_name: Some(name), ack_policy: AckPolicy::None, ..pull::Config::default() };
    bed.stream().await.create_consumer(foreign).await.unwrap();
    let mut term = take(&work(&bed, &log)).await;
    let ended = timeout(PATIENCE, term.next()).await.expect("it waits").unwrap_err();
    assert!(matches!(ended, WorkEnded::Unfit { .. }), "{ended}");
}

async fn a_foreign_message_is_handed_out_with_what_is_wrong(bed: Bed) {
    let log = bed.log().await;
    let subject = bed.aggregate("a b").subject("paid");
    bed.publish_raw(subject, async_nats::HeaderMap::new(), "no event").await;
    let mut term = take(&work(&bed, &log)).await;
    let delivery = next(&mut term).await;
    assert!(delivery.event.as_ref().unwrap_err().is_malformed());
    assert_eq!(delivery.key.to_string(), format!("{}.order.a%20b", bed.domain));
    delivery.ack().await.unwrap();
    let acknowledged = || async {
        let name: String = bed.domain.as_str().chars().take(90).collect();
        bed.stream().await.consumer_info(&name).await.unwrap().ack_floor.stream_sequence == 1
    };
    eventually("the server knows", acknowledged).await;
}

async fn the_backlog_says_what_is_yet_to_be_done(bed: Bed) {
    let log = bed.log().await;
    let name: String = bed.domain.as_str().chars().take(90).collect();
    let backlog = || async { log.backlog(&name, &bed.domain).await.unwrap() };
    let nowhere = log.backlog(&name, &"nowhere".parse().unwrap()).await.unwrap();
    assert_eq!(nowhere, Some(Backlog::default()), "without a stream there is nothing to do");
    store(&bed, &log, 0, 20).await;
    assert_eq!(backlog().await, None);

    let mut term = take(&work(&bed, &log)).await;
    let first = next(&mut term).await;
    let handed_out = Backlog { waiting: 4, in_hand: 16, acknowledged: 0 };
    eventually("as many are in hand as may be", || async { backlog().await == Some(handed_out) }).await;
    first.ack().await.unwrap();
    for _ in 2..20 {
        next(&mut term).await.ack().await.unwrap();
    }
    let last = next(&mut term).await;
    let last_in_hand = Backlog { waiting: 0, in_hand: 1, acknowledged: 19 };
    eventually("the last one is in hand", || async { backlog().await == Some(last_in_hand) }).await;
    last.ack().await.unwrap();
    let done = Backlog { waiting: 0, in_hand: 0, acknowledged: 20 };
    eventually("all are done", || async { backlog().await == Some(done) }).await;
    term.release().await;
}
