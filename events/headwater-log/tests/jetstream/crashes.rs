use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use headwater_event::Aggregate;
use headwater_log::testkit::{Cluster, Server};
use headwater_log::{EventLog as _, Follow, JetStreamConfig, JetStreamLog};
use tokio::sync::watch;

use super::bed::{Bed, append, eventually, group};

group![a_killed_broker_loses_nothing_that_was_acknowledged];

/// A reader and two writers are at work while the server, or the stream's leader, is killed and restarted.
async fn a_killed_broker_loses_nothing_that_was_acknowledged(bed: Bed) {
    if bed.broker.config().replicas == 1 {
        let mut server = Server::start().await.unwrap();
        let work = Work::begin(&bed, vec![server.url()]).await;
        for _ in 0..2 {
            work.goes_on().await;
            server.kill().await.unwrap();
            server.restart().await.unwrap();
        }
        work.end().await;
    } else {
        let mut cluster = Cluster::start().await.unwrap();
        let work = Work::begin(&bed, cluster.urls()).await;
        for _ in 0..2 {
            work.goes_on().await;
            let leader = cluster.leader_of(&bed.domain.stream()).await.unwrap();
            cluster.kill(leader).await.unwrap();
            work.goes_on().await;
            cluster.restart(leader).await.unwrap();
        }
        work.end().await;
    }
}

/// What goes on while a broker crashes.
struct Work {
    writers: Vec<tokio::task::JoinHandle<Vec<(u64, String)>>>,
    reader: tokio::task::JoinHandle<Vec<(u64, String)>>,
    acknowledged: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    last: watch::Sender<Option<u64>>,
}

impl Work {
    async fn begin(bed: &Bed, urls: Vec<String>) -> Self {
        let config = JetStreamConfig {
            answer_timeout: Duration::from_secs(1),
            deadline: Duration::from_secs(20),
            ..bed.broker.config()
        };
        let connect =
            || async { JetStreamLog::new(async_nats::connect(urls.clone()).await.unwrap(), config.clone()) };
        let log = connect().await;
        log.open(&bed.domain).await.unwrap();
        let (last, wanted) = watch::channel(None);
        let reader = tokio::spawn(read(log.follow(bed.all(), None).await.unwrap(), wanted));
        let (acknowledged, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let mut writers = Vec::new();
        for (id, names) in [("single", &["paid"][..]), ("batch", &["paid", "shipped", "returned"])] {
            let (log, aggregate) = (connect().await, bed.aggregate(id));
            writers.push(tokio::spawn(write(log, aggregate, names, acknowledged.clone(), stop.clone())));
        }
        Self { writers, reader, acknowledged, stop, last }
    }

    /// Waits until more is acknowledged.
    async fn goes_on(&self) {
        let enough = self.acknowledged.load(Ordering::SeqCst) + 50;
        eventually("the writers go on", || async { self.acknowledged.load(Ordering::SeqCst) >= enough })
            .await;
    }

    /// Ends it. What the writers know to be stored must be what the reader has read, each once, in its order.
    async fn end(self) {
        self.goes_on().await;
        self.stop.store(true, Ordering::SeqCst);
        let mut written = Vec::new();
        for writer in self.writers {
            written.extend(writer.await.unwrap());
        }
        written.sort();
        self.last.send_replace(written.last().map(|(sequence, _)| *sequence));
        let read = self.reader.await.unwrap();
        assert_eq!(read, written);
        assert!(read.iter().map(|(sequence, _)| *sequence).eq(1..=read.len() as u64));
    }
}

async fn write(
    log: JetStreamLog,
    aggregate: Aggregate,
    names: &'static [&'static str],
    acknowledged: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
) -> Vec<(u64, String)> {
    let (mut version, mut written) = (0, Vec::new());
    while !stop.load(Ordering::SeqCst) {
        let append = append(&aggregate, version, names);
        version = loop {
            match log.append(append.clone()).await {
                Ok(appended) => break appended.last,
                Err(error) if error.is_unavailable() => {}
                Err(error) => panic!("{error:?}"),
            }
        };
        let first = version + 1 - names.len() as u64;
        written.extend((first..).zip(append.events.iter().map(|event| event.id().to_owned())));
        acknowledged.fetch_add(1, Ordering::SeqCst);
    }
    written
}

/// Reads until it is told which event is the last, and has it.
async fn read(mut follow: Follow, mut last: watch::Receiver<Option<u64>>) -> Vec<(u64, String)> {
    let mut read = Vec::new();
    loop {
        let done = last.borrow_and_update().is_some_and(|last| read.len() as u64 >= last);
        if done {
            return read;
        }
        tokio::select! {
            event = follow.next() => {
                let event = event.unwrap().unwrap();
                read.push((event.sequence, event.envelope.id().to_owned()));
            }
            changed = last.changed() => changed.unwrap(),
        }
    }
}
