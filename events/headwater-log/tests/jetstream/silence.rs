use std::time::{Duration, Instant};

use async_nats::Client;
use futures::future::join_all;
use headwater_event::EventFilter;
use headwater_log::testkit::Proxy;
use headwater_log::{
    AppendError, BulkLoadError, EventLog as _, JetStreamConfig, JetStreamLog, Note, NoteError, OpenError,
    ReadError,
};

use tokio::time::timeout;

use super::bed::{Bed, append, group};

group![
    a_broker_that_gives_no_answer_makes_nobody_wait_longer_than_the_deadline,
    a_broker_that_takes_no_connection_makes_nobody_wait_longer_than_the_deadline,
    a_full_queue_makes_nobody_wait_longer_than_the_deadline,
    thousands_of_appends_without_an_answer_end_at_the_deadline,
    a_load_without_an_answer_ends_soon_after_the_deadline,
];

const DEADLINE: Duration = Duration::from_secs(1);

const ANSWER_TIMEOUT: Duration = Duration::from_millis(300);

/// What a busy machine adds.
const SLACK: Duration = Duration::from_millis(1500);

async fn a_broker_that_gives_no_answer_makes_nobody_wait_longer_than_the_deadline(bed: Bed) {
    let (log, proxy) = log_and_proxy(&bed).await;
    proxy.drop_replies();
    everything_fails_in_time(&bed, &log).await;
}

async fn a_broker_that_takes_no_connection_makes_nobody_wait_longer_than_the_deadline(bed: Bed) {
    let (log, proxy) = log_and_proxy(&bed).await;
    proxy.refuse();
    proxy.cut();
    everything_fails_in_time(&bed, &log).await;
}

/// The client queues what it can't send, until its queue is full.
async fn a_full_queue_makes_nobody_wait_longer_than_the_deadline(bed: Bed) {
    let (log, client, proxy) = log_client_and_proxy(&bed).await;
    proxy.refuse();
    proxy.cut();
    while timeout(Duration::from_millis(200), client.publish("somewhere", "".into())).await.is_ok() {}
    everything_fails_in_time(&bed, &log).await;
}

/// More than the client queues and the log lets under way.
async fn thousands_of_appends_without_an_answer_end_at_the_deadline(bed: Bed) {
    let (log, proxy) = log_and_proxy(&bed).await;
    proxy.refuse();
    proxy.cut();
    let start = Instant::now();
    let one = |number: usize| {
        let names: &[&str] = if number.is_multiple_of(10) { &["placed", "paid"] } else { &["placed"] };
        log.append(append(&bed.aggregate(&number.to_string()), 0, names))
    };
    for answer in join_all((0..5000).map(one)).await {
        assert!(answer.as_ref().is_err_and(AppendError::is_unavailable), "{answer:?}");
    }
    assert!(start.elapsed() < DEADLINE + SLACK, "{:?}", start.elapsed());
}

/// It waits for an answer, and then looks for what is stored.
async fn a_load_without_an_answer_ends_soon_after_the_deadline(bed: Bed) {
    for connected in [true, false] {
        let (log, client, proxy) = log_client_and_proxy(&bed).await;
        let mut load = log.bulk_load(&bed.domain).await.unwrap();
        proxy.drop_replies();
        if !connected {
            proxy.refuse();
            proxy.cut();
            while timeout(Duration::from_millis(200), client.publish("somewhere", "".into())).await.is_ok() {}
        }
        let start = Instant::now();
        let (begun, ended) = futures::join!(log.bulk_load(&bed.domain), async {
            load.send(append(&bed.aggregate("7"), 0, &["placed"])).await
        });
        assert!(start.elapsed() < ANSWER_TIMEOUT + DEADLINE + SLACK, "{:?}", start.elapsed());
        assert!(matches!(begun, Err(BulkLoadError::Unavailable { .. })), "it has begun");
        assert!(matches!(ended, Err(BulkLoadError::Failed { .. })), "{ended:?}");
    }
}

/// A log with little time, on a connection that is still good.
async fn log_and_proxy(bed: &Bed) -> (JetStreamLog, Proxy) {
    let (log, _, proxy) = log_client_and_proxy(bed).await;
    (log, proxy)
}

async fn log_client_and_proxy(bed: &Bed) -> (JetStreamLog, Client, Proxy) {
    bed.log().await;
    let (client, proxy) = bed.client_behind_proxy().await;
    let config =
        JetStreamConfig { answer_timeout: ANSWER_TIMEOUT, deadline: DEADLINE, ..bed.broker.config() };
    (JetStreamLog::new(client.clone(), config), client, proxy)
}

async fn everything_fails_in_time(bed: &Bed, log: &JetStreamLog) {
    let (domain, aggregate) = (&bed.domain, bed.aggregate("7"));
    let start = Instant::now();
    let (single, batch) =
        (append(&aggregate, 0, &["placed"]), append(&bed.aggregate("8"), 0, &["placed", "paid"]));
    let (single, batch, open, reads, streams, notes) = futures::join!(
        log.append(single),
        log.append(batch),
        log.open(domain),
        async {
            futures::join!(
                async { log.info(domain).await.map(|_| ()) },
                async { log.read(domain, 1, 10).await.map(|_| ()) },
                async { log.load(&aggregate, 0).await.map(|_| ()) },
                async { log.load_first(&aggregate, 10).await.map(|_| ()) },
                async { log.last(&aggregate).await.map(|_| ()) },
                async { log.follow(EventFilter::all(domain.clone()), None).await.map(|_| ()) },
            )
        },
        log.streams(),
        async {
            let notes = vec![Note::new("part", "1"), Note::new("state", "2")];
            futures::join!(
                log.keep_notes(&aggregate, notes),
                log.note(&aggregate, "state"),
                log.notes(&aggregate, &["part", "state"])
            )
        },
    );
    assert!(start.elapsed() < DEADLINE + SLACK, "{:?}", start.elapsed());
    for answer in [single, batch] {
        assert!(answer.as_ref().is_err_and(AppendError::is_unavailable), "{answer:?}");
    }
    assert!(matches!(open, Err(OpenError::Unavailable { .. })), "{open:?}");
    for answer in [reads.0, reads.1, reads.2, reads.3, reads.4, reads.5] {
        assert!(matches!(answer, Err(ReadError::Unavailable { .. })), "{answer:?}");
    }
    assert!(streams.as_ref().is_err_and(ReadError::is_unavailable), "{streams:?}");
    let (kept, note, several) = notes;
    assert!(kept.as_ref().is_err_and(NoteError::is_unavailable), "{kept:?}");
    assert!(note.as_ref().is_err_and(ReadError::is_unavailable), "{note:?}");
    assert!(several.as_ref().is_err_and(ReadError::is_unavailable), "{several:?}");
}
