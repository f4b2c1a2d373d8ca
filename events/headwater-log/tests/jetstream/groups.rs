//! Group commit: many callers share a batch, and none of them sees it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_nats::ConnectOptions;
use async_nats::connection::State;
use futures::FutureExt as _;
use futures::future::join_all;
use headwater_log::{
    Append, AppendError, Appended, EventLog as _, Flush, JetStreamConfig, JetStreamLog, Log,
};
use tokio::runtime::Builder;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::bed::{Bed, PATIENCE, append, duplicate, eventually, group, ids};

group![
    many_callers_share_batches_and_each_gets_its_own_answer,
    a_single_caller_sends_no_batch,
    one_conflict_among_many_disturbs_nobody_else,
    many_conflicts_among_many_disturb_nobody_else,
    an_event_that_is_sent_again_among_many_is_stored_once,
    a_reused_id_among_many_disturbs_nobody_else,
    of_many_callers_on_one_aggregate_exactly_one_wins,
    many_callers_whose_answers_are_lost_are_stored_once,
    a_batch_that_breaks_off_is_sent_again,
    commits_that_come_one_after_another_do_not_hold_each_other_up,
    appends_of_one_event_and_of_several_share_batches,
    more_events_than_a_batch_holds_are_all_stored,
    a_caller_whose_runtime_stands_still_holds_nobody_up,
    a_caller_who_gives_up_before_it_could_send_holds_nobody_up,
];

const CALLERS: usize = 300;

async fn gathering(bed: &Bed) -> Arc<JetStreamLog> {
    flushing(bed, Flush::Always).await
}

async fn flushing(bed: &Bed, flush: Flush) -> Arc<JetStreamLog> {
    let config = JetStreamConfig { flush, ..bed.broker.config() };
    let log = JetStreamLog::new(bed.client().await, config);
    log.open(&bed.domain).await.unwrap();
    Arc::new(log)
}

/// Appends all at once, each from a task of its own.
async fn all_at_once(
    log: &Arc<JetStreamLog>,
    appends: impl IntoIterator<Item = Append>,
) -> Vec<Result<Appended, AppendError>> {
    let log: Log = log.clone();
    let append = |append| {
        let log = log.clone();
        tokio::spawn(async move { log.append(append).await })
    };
    let appending: Vec<_> = appends.into_iter().map(append).collect();
    join_all(appending).await.into_iter().map(Result::unwrap).collect()
}

fn singles(bed: &Bed, names: &[&str]) -> Vec<Append> {
    (0..CALLERS).map(|number| append(&bed.aggregate(&number.to_string()), 0, names)).collect()
}

/// That each of these has exactly its own events, where its answer says.
async fn each_is_stored(bed: &Bed, log: &JetStreamLog, sent: &[(Append, u64)]) {
    for (append, last) in sent {
        let stored = log.load(&append.aggregate, *last).await.unwrap();
        assert_eq!(ids(&stored), append.events.iter().map(|event| event.id()).collect::<Vec<_>>());
        assert_eq!(stored.last().unwrap().sequence, *last, "{}", append.aggregate);
    }
    let events: usize = sent.iter().map(|(append, _)| append.events.len()).sum();
    assert_eq!(log.info(&bed.domain).await.unwrap().last, events as u64);
}

/// The batches in which the events were stored; none for an event that was stored alone.
async fn batches(bed: &Bed, events: u64) -> Vec<Option<String>> {
    let mut batches = Vec::new();
    for sequence in 1..=events {
        let headers = bed.raw_message(sequence).await.headers;
        batches.push(headers.get("Nats-Batch-Id").map(|batch| batch.as_str().to_owned()));
    }
    batches
}

async fn many_callers_share_batches_and_each_gets_its_own_answer(bed: Bed) {
    let (log, appends) = (gathering(&bed).await, singles(&bed, &["placed"]));
    let answers = all_at_once(&log, appends.clone()).await;
    let sent: Vec<_> = appends.into_iter().zip(answers.into_iter().map(|a| a.unwrap().last)).collect();
    each_is_stored(&bed, &log, &sent).await;
    let batches = batches(&bed, CALLERS as u64).await;
    let shared: HashSet<_> = batches.iter().flatten().collect();
    let in_batches = batches.iter().flatten().count();
    assert!(in_batches > CALLERS / 2 && shared.len() < in_batches / 10, "{in_batches} in {}", shared.len());
}

async fn a_single_caller_sends_no_batch(bed: Bed) {
    let log = gathering(&bed).await;
    for (version, name) in (0..20).zip(["placed", "paid"].iter().cycle()) {
        log.append(append(&bed.aggregate("7"), version, &[name])).await.unwrap();
    }
    assert_eq!(batches(&bed, 20).await, vec![None; 20]);
}

async fn one_conflict_among_many_disturbs_nobody_else(bed: Bed) {
    some_conflicts_disturb_nobody_else(&bed, &[150]).await;
}

async fn many_conflicts_among_many_disturb_nobody_else(bed: Bed) {
    some_conflicts_disturb_nobody_else(&bed, &[0, 10, 11, 12, 70, 150, 151, 200, 290, 299]).await;
}

async fn some_conflicts_disturb_nobody_else(bed: &Bed, outdated: &[usize]) {
    let (direct, log) = (bed.log().await, gathering(bed).await);
    for number in outdated {
        direct.append(append(&bed.aggregate(&number.to_string()), 0, &["placed"])).await.unwrap();
    }
    let appends = singles(bed, &["paid"]);
    let answers = all_at_once(&log, appends.clone()).await;
    for (number, (append, answer)) in appends.iter().zip(answers).enumerate() {
        match (outdated.iter().position(|outdated| *outdated == number), answer) {
            (None, Ok(appended)) => {
                let stored = direct.load(&append.aggregate, appended.last).await.unwrap();
                assert_eq!(ids(&stored), [append.events[0].id()]);
            }
            (Some(index), Err(AppendError::Conflict { aggregate, expected: 0, actual })) => {
                assert_eq!((aggregate, actual), (append.aggregate.clone(), index as u64 + 1));
            }
            (_, other) => panic!("{number}: {other:?}"),
        }
    }
    assert_eq!(direct.info(&bed.domain).await.unwrap().last, CALLERS as u64);
}

async fn an_event_that_is_sent_again_among_many_is_stored_once(bed: Bed) {
    let (direct, log) = (bed.log().await, gathering(&bed).await);
    let appends = singles(&bed, &["placed"]);
    let known = direct.append(appends[150].clone()).await.unwrap().last;
    let answers = all_at_once(&log, appends.clone()).await;
    assert_eq!(*answers[150].as_ref().unwrap(), duplicate(known));
    let sent: Vec<_> = appends.into_iter().zip(answers.into_iter().map(|a| a.unwrap().last)).collect();
    each_is_stored(&bed, &log, &sent).await;
}

async fn a_reused_id_among_many_disturbs_nobody_else(bed: Bed) {
    let (direct, log) = (bed.log().await, gathering(&bed).await);
    let mut appends = singles(&bed, &["placed"]);
    let other = append(&bed.aggregate("other"), 0, &["placed"]);
    direct.append(other.clone()).await.unwrap();
    let aggregate = &appends[150].aggregate;
    let (id, source, event_type) =
        (other.events[0].id(), other.events[0].source(), other.events[0].type_name());
    let reused = headwater_event::Envelope::builder(id, source, event_type).subject(aggregate.id()).build();
    appends[150].events = vec![reused.unwrap()];
    for (number, answer) in all_at_once(&log, appends).await.into_iter().enumerate() {
        match answer {
            Err(AppendError::Duplicate { sequence: 1, .. }) if number == 150 => {}
            answer => assert!(!answer.unwrap().duplicate, "{number}"),
        }
    }
    assert_eq!(direct.info(&bed.domain).await.unwrap().last, CALLERS as u64);
}

async fn of_many_callers_on_one_aggregate_exactly_one_wins(bed: Bed) {
    let log = gathering(&bed).await;
    let others =
        (0..CALLERS).map(|number| append(&bed.aggregate(&format!("other-{number}")), 0, &["placed"]));
    let rivals = (0..50).map(|_| append(&bed.aggregate("7"), 0, &["placed"]));
    let answers = all_at_once(&log, rivals.chain(others).collect::<Vec<_>>()).await;
    let (rivals, others) = answers.split_at(50);
    let winners: Vec<_> = rivals.iter().flatten().collect();
    let [winner] = winners[..] else { panic!("{winners:?} win") };
    for rival in rivals.iter().filter_map(|rival| rival.as_ref().err()) {
        let actual =
            matches!(rival, AppendError::Conflict { expected: 0, actual, .. } if *actual == winner.last);
        assert!(actual, "{rival:?}, and not {winner:?}");
    }
    assert!(others.iter().all(Result::is_ok));
    assert_eq!(log.info(&bed.domain).await.unwrap().last, CALLERS as u64 + 1);
}

async fn many_callers_whose_answers_are_lost_are_stored_once(bed: Bed) {
    let direct = bed.log().await;
    let (client, proxy) = bed.client_behind_proxy().await;
    let log =
        Arc::new(JetStreamLog::new(client, JetStreamConfig { flush: Flush::Always, ..bed.impatient() }));
    proxy.drop_replies();
    let appends = singles(&bed, &["placed"]);
    let (all, sending) = (log.clone(), appends.clone());
    let appending = tokio::spawn(async move { all_at_once(&all, sending).await });
    eventually("something is stored", || async { direct.info(&bed.domain).await.unwrap().last > 0 }).await;
    proxy.restore();
    let answers = appending.await.unwrap();
    let sent: Vec<_> = appends.into_iter().zip(answers.into_iter().map(|a| a.unwrap().last)).collect();
    each_is_stored(&bed, &direct, &sent).await;
}

async fn a_batch_that_breaks_off_is_sent_again(bed: Bed) {
    let direct = bed.log().await;
    let (client, proxy) = bed.client_behind_proxy().await;
    let log =
        Arc::new(JetStreamLog::new(client, JetStreamConfig { flush: Flush::Always, ..bed.impatient() }));
    proxy.cut_after(b"Nats-Batch-Commit");
    let appends = singles(&bed, &["placed"]);
    let answers = all_at_once(&log, appends.clone()).await;
    let sent: Vec<_> = appends.into_iter().zip(answers.into_iter().map(|a| a.unwrap().last)).collect();
    each_is_stored(&bed, &direct, &sent).await;
}

/// Each finds the last one under way, and is sent alone; more of them than there is room for.
async fn commits_that_come_one_after_another_do_not_hold_each_other_up(bed: Bed) {
    bed.log().await;
    let (client, proxy) = bed.client_behind_proxy().await;
    let config = JetStreamConfig { flush: Flush::Always, ..bed.broker.config() };
    let log = Arc::new(JetStreamLog::new(client, config));
    proxy.delay(Duration::ZERO, Duration::from_millis(300));
    let mut appending = Vec::new();
    for number in 0..60 {
        let (log, append) =
            (log.clone(), append(&bed.aggregate(&number.to_string()), 0, &["placed", "paid"]));
        appending.push(tokio::spawn(async move { log.append(append).await }));
        // So that they don't meet.
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    for (number, appending) in appending.into_iter().enumerate() {
        let answer = appending.await.unwrap();
        assert!(answer.is_ok(), "{number}: {answer:?}");
    }
    assert_eq!(log.info(&bed.domain).await.unwrap().last, 120);
}

async fn appends_of_one_event_and_of_several_share_batches(bed: Bed) {
    let log = gathering(&bed).await;
    let mut appends = singles(&bed, &["placed"]);
    for append in appends.iter_mut().step_by(3) {
        *append = self::append(&append.aggregate, 0, &["placed", "paid", "shipped"]);
    }
    let answers = all_at_once(&log, appends.clone()).await;
    let sent: Vec<_> = appends.into_iter().zip(answers.into_iter().map(|a| a.unwrap().last)).collect();
    each_is_stored(&bed, &log, &sent).await;
    let batches: HashSet<_> = batches(&bed, 500).await.into_iter().flatten().collect();
    assert!(batches.len() < CALLERS / 10, "{} batches", batches.len());
}

async fn more_events_than_a_batch_holds_are_all_stored(bed: Bed) {
    let log = gathering(&bed).await;
    let of = |number: usize, count| append(&bed.aggregate(&number.to_string()), 0, &vec!["paid"; count]);
    let appends: Vec<_> =
        [999, 2, 1000, 1, 1, 600, 600, 1].into_iter().enumerate().map(|(n, c)| of(n, c)).collect();
    let answers = all_at_once(&log, appends.clone()).await;
    let sent: Vec<_> = appends.into_iter().zip(answers.into_iter().map(|a| a.unwrap().last)).collect();
    each_is_stored(&bed, &log, &sent).await;
}

async fn a_caller_whose_runtime_stands_still_holds_nobody_up(bed: Bed) {
    for flush in [Flush::Lazily, Flush::Always] {
        let log = flushing(&bed, flush).await;
        let append = |number| append(&bed.aggregate(&format!("{flush:?}-{number}")), 0, &["placed"]);
        let (theirs, first) = (log.clone(), append(1));
        let appending = move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(theirs.append(first)).unwrap();
            runtime
        };
        // It is there, and nobody drives it.
        let standing_still = spawn_blocking(appending).await.unwrap();
        let answers = timeout(PATIENCE, all_at_once(&log, (2..50).map(append))).await;
        standing_still.shutdown_background();
        let answers = answers.expect("they are answered, whatever another caller does");
        assert!(answers.iter().all(Result::is_ok), "{flush:?}: {answers:?}");
    }
}

async fn a_caller_who_gives_up_before_it_could_send_holds_nobody_up(bed: Bed) {
    let (client, proxy) = bed.client_behind_proxy_with(ConnectOptions::new().client_capacity(1)).await;
    let config = JetStreamConfig { flush: Flush::Always, ..bed.broker.config() };
    let log = JetStreamLog::new(client.clone(), config);
    log.open(&bed.domain).await.unwrap();
    log.append(append(&bed.aggregate("first"), 0, &["placed"])).await.unwrap();
    proxy.refuse();
    proxy.cut();
    eventually("the client is cut off", || async { client.connection_state() != State::Connected }).await;

    // The client's queue is full soon, and who comes then waits for room.
    let of = |number: u64| append(&bed.aggregate(&number.to_string()), 0, &["placed"]);
    let given_up = (0..12).find(|number| log.begin_append(of(*number)).now_or_never().is_none());
    let given_up = given_up.expect("the client's queue is full");
    proxy.accept();

    let answer = timeout(PATIENCE, log.append(of(given_up))).await;
    answer.expect("its aggregate is free").unwrap();
}
