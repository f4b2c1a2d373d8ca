use std::time::Duration;

use futures::TryStreamExt as _;
use headwater_event::{Aggregate, Envelope};
use headwater_log::testkit::{Cluster, Server};
use headwater_log::{Append, EventLog as _, Follow, JetStreamConfig, JetStreamLog};

use super::bed::{Bed, PATIENCE, append, eventually, group, take};

group![
    a_history_is_read_on_when_its_consumer_is_deleted_in_the_middle,
    a_history_is_read_on_when_its_connection_is_cut_in_the_middle,
    a_history_is_read_on_when_the_broker_is_killed_in_the_middle,
    the_broker_sends_no_more_bytes_ahead_than_it_is_let,
    events_larger_than_what_may_be_sent_ahead_come_too,
    a_reader_that_waits_for_long_asks_again,
    an_aggregate_is_whole_whose_loads_lose_their_connection,
];

/// More than the broker sends at once.
const EVENTS: u64 = 12_000;

async fn a_history_is_read_on_when_its_consumer_is_deleted_in_the_middle(bed: Bed) {
    let log = bed.log().await;
    fill(&log, &bed.aggregate("7")).await;
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    let mut read = sequences(&mut follow, 500).await;
    for _ in 0..3 {
        let consumers: Vec<_> = bed.stream().await.consumer_names().try_collect().await.unwrap();
        for consumer in consumers {
            bed.stream().await.delete_consumer(&consumer).await.unwrap();
        }
        read.extend(sequences(&mut follow, 3000).await);
    }
    read.extend(sequences(&mut follow, EVENTS - 9500).await);
    assert!(read.into_iter().eq(1..=EVENTS));
}

async fn a_history_is_read_on_when_its_connection_is_cut_in_the_middle(bed: Bed) {
    let direct = bed.log().await;
    fill(&direct, &bed.aggregate("7")).await;
    let (log, proxy) = bed.log_behind_proxy().await;
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    let mut read = Vec::new();
    for _ in 0..4 {
        read.extend(sequences(&mut follow, EVENTS / 4).await);
        proxy.cut();
    }
    assert!(read.into_iter().eq(1..=EVENTS));
}

async fn a_history_is_read_on_when_the_broker_is_killed_in_the_middle(bed: Bed) {
    let aggregate = bed.aggregate("7");
    if bed.broker.config().replicas == 1 {
        let mut server = Server::start().await.unwrap();
        let log = log(vec![server.url()], bed.broker.config()).await;
        log.open(&bed.domain).await.unwrap();
        fill(&log, &aggregate).await;
        let mut follow = log.follow(bed.all(), None).await.unwrap();
        let mut read = sequences(&mut follow, 500).await;
        for _ in 0..2 {
            server.kill().await.unwrap();
            server.restart().await.unwrap();
            read.extend(sequences(&mut follow, 4500).await);
        }
        read.extend(sequences(&mut follow, EVENTS - 9500).await);
        assert!(read.into_iter().eq(1..=EVENTS));
    } else {
        let mut cluster = Cluster::start().await.unwrap();
        let log = log(cluster.urls(), bed.broker.config()).await;
        log.open(&bed.domain).await.unwrap();
        fill(&log, &aggregate).await;
        let mut follow = log.follow(bed.all(), None).await.unwrap();
        let mut read = sequences(&mut follow, 500).await;
        let leader = cluster.leader_of(&bed.domain.stream()).await.unwrap();
        cluster.kill(leader).await.unwrap();
        read.extend(sequences(&mut follow, EVENTS - 500).await);
        assert!(read.into_iter().eq(1..=EVENTS));
    }
}

async fn the_broker_sends_no_more_bytes_ahead_than_it_is_let(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    for version in 0..60 {
        log.append(sized(&aggregate, version, 4000)).await.unwrap();
    }
    let log = JetStreamLog::new(bed.client().await, limited(&bed, 100_000));
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    let mut read = sequences(&mut follow, 1).await;
    let stream = bed.stream().await;
    let name: Vec<_> = stream.consumer_names().try_collect().await.unwrap();
    let info = || async { stream.consumer_info(&name[0]).await.unwrap() };
    // It has sent what it may, and waits for the reader.
    eventually("no request is left", || async { info().await.num_waiting == 0 }).await;
    let sent = info().await.delivered.consumer_sequence;
    assert!(sent * 4000 <= 100_000 && sent >= 10, "{sent} events were sent");
    read.extend(sequences(&mut follow, 59).await);
    assert!(read.into_iter().eq(1..=60));
}

async fn events_larger_than_what_may_be_sent_ahead_come_too(bed: Bed) {
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let log = JetStreamLog::new(bed.client().await, limited(&bed, 8000));
    let mut live = log.follow(bed.all(), None).await.unwrap();
    let sizes = [10, 100_000, 10, 10, 5000, 3000, 3000, 200_000, 200_000, 10];
    for (data, version) in sizes.into_iter().zip(0..) {
        direct.append(sized(&aggregate, version, data)).await.unwrap();
        if version % 2 == 0 {
            assert_eq!(sequences(&mut live, 1).await, [version / 2 + 1]);
        }
    }
    let mut history = log.follow(bed.all(), None).await.unwrap();
    assert_eq!(sequences(&mut live, 5).await, (6..=10).collect::<Vec<_>>());
    let events = take(&mut history, 10).await;
    assert!(events.iter().map(|event| event.envelope.data().len()).eq(sizes));
}

/// Longer than the broker keeps a request.
async fn a_reader_that_waits_for_long_asks_again(bed: Bed) {
    let (log, aggregate) = (bed.log().await, bed.aggregate("7"));
    let mut follow = log.follow(bed.all(), None).await.unwrap();
    log.append(append(&aggregate, 0, &["placed"])).await.unwrap();
    assert_eq!(sequences(&mut follow, 1).await, [1]);
    let silence = tokio::time::timeout(Duration::from_secs(11), sequences(&mut follow, 1)).await;
    assert!(silence.is_err(), "{silence:?}");
    let consumers: Vec<_> = bed.stream().await.consumer_names().try_collect().await.unwrap();
    assert_eq!(consumers.len(), 1, "a request that has ended ends no consumer");
    log.append(append(&aggregate, 1, &["paid"])).await.unwrap();
    assert_eq!(sequences(&mut follow, 1).await, [2]);
    let after: Vec<_> = bed.stream().await.consumer_names().try_collect().await.unwrap();
    assert_eq!(after, consumers);
}

async fn log(urls: Vec<String>, config: JetStreamConfig) -> JetStreamLog {
    let config = JetStreamConfig { answer_timeout: Duration::from_secs(1), deadline: PATIENCE, ..config };
    JetStreamLog::new(async_nats::connect(urls).await.unwrap(), config)
}

fn limited(bed: &Bed, read_ahead_bytes_max: usize) -> JetStreamConfig {
    JetStreamConfig { read_ahead_bytes_max, ..bed.broker.config() }
}

async fn fill(log: &JetStreamLog, aggregate: &Aggregate) {
    let mut version = 0;
    while version < EVENTS {
        version = log.append(append(aggregate, version, &["paid"; 1000])).await.unwrap().last;
    }
}

/// One event with so many bytes of data.
/// The client is back soon enough to hear the end of an answer whose middle was lost.
async fn an_aggregate_is_whole_whose_loads_lose_their_connection(bed: Bed) {
    const EVENTS: u64 = 1500;
    let (direct, aggregate) = (bed.log().await, bed.aggregate("7"));
    let names = vec!["paid"; 500];
    for version in (0..EVENTS).step_by(500) {
        direct.append(append(&aggregate, version, &names)).await.unwrap();
    }
    let (log, proxy) = bed.log_behind_proxy().await;
    for lost in 0..20 {
        proxy.lose_reply(format!("Nats-Sequence: {}\r\n", 1 + lost * 10).as_bytes());
        let loaded = log.load(&aggregate, EVENTS).await.unwrap();
        assert!(
            loaded.iter().map(|event| event.sequence).eq(1..=EVENTS),
            "{} events, cut at {lost}",
            loaded.len()
        );
    }
}

fn sized(aggregate: &Aggregate, expected: u64, data: usize) -> Append {
    let event_type = format!("org.example.{}.{}.paid.v1", aggregate.domain(), aggregate.name());
    let event = Envelope::builder(format!("sized-{expected}"), "/jetstream-tests", event_type)
        .subject(aggregate.id())
        .data("text/plain", "x".repeat(data))
        .build()
        .unwrap();
    Append { aggregate: aggregate.clone(), expected, events: vec![event] }
}

async fn sequences(follow: &mut Follow, count: u64) -> Vec<u64> {
    take(follow, count).await.iter().map(|event| event.sequence).collect()
}
