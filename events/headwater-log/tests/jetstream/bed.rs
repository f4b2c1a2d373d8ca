use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::Stream;
use async_nats::{Client, ConnectOptions, HeaderMap};
use futures::StreamExt as _;
use headwater_event::{Aggregate, Domain, Envelope, EventFilter};
use headwater_log::testkit::Proxy;
pub(crate) use headwater_log::testkit::{PATIENCE, eventually};
use headwater_log::{
    Append, Appended, EventLog as _, Follow, JetStreamConfig, JetStreamLog, ReadError, StoredEvent,
};
use tokio::time::timeout;

use super::brokers::Broker;

pub(crate) type Case = fn(Bed) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// The cases of a group, by the names of their functions.
macro_rules! group {
    ($($case:ident),* $(,)?) => {
        pub(crate) const CASES: &[(&str, $crate::bed::Case)] =
            &[$((stringify!($case), |bed| Box::pin($case(bed)))),*];
    };
}

pub(crate) use group;

/// A broker, and a domain of the case's own.
pub(crate) struct Bed {
    pub(crate) broker: Arc<dyn Broker>,
    pub(crate) domain: Domain,
}

impl Bed {
    pub(crate) fn new(broker: Arc<dyn Broker>, domain: Domain) -> Self {
        Self { broker, domain }
    }

    /// A connection as any program may have one.
    pub(crate) async fn client(&self) -> Client {
        async_nats::connect(self.broker.urls().await).await.unwrap()
    }

    /// A log that nothing stands in the way of, with the domain's stream open.
    pub(crate) async fn log(&self) -> JetStreamLog {
        let log = JetStreamLog::new(self.client().await, self.broker.config());
        log.open(&self.domain).await.unwrap();
        log
    }

    /// A connection over which the case has power.
    pub(crate) async fn client_behind_proxy(&self) -> (Client, Proxy) {
        self.client_behind_proxy_with(ConnectOptions::new()).await
    }

    pub(crate) async fn client_behind_proxy_with(&self, options: ConnectOptions) -> (Client, Proxy) {
        let urls = self.broker.urls().await;
        let port = urls[0].rsplit(':').next().unwrap().parse().unwrap();
        let proxy = Proxy::start(port).await.unwrap();
        (options.connect(proxy.url()).await.unwrap(), proxy)
    }

    /// A log on such a connection, which loses patience early.
    pub(crate) async fn log_behind_proxy(&self) -> (JetStreamLog, Proxy) {
        let (client, proxy) = self.client_behind_proxy().await;
        (JetStreamLog::new(client, self.impatient()), proxy)
    }

    /// Half a second for an answer.
    pub(crate) fn impatient(&self) -> JetStreamConfig {
        JetStreamConfig { answer_timeout: Duration::from_millis(500), ..self.broker.config() }
    }

    pub(crate) fn aggregate(&self, id: &str) -> Aggregate {
        Aggregate::new(self.domain.clone(), "order", id).unwrap()
    }

    pub(crate) fn all(&self) -> EventFilter {
        EventFilter::all(self.domain.clone())
    }

    /// The domain's stream, as the client's library shows it.
    pub(crate) async fn stream(&self) -> Stream {
        let mut jetstream = async_nats::jetstream::new(self.client().await);
        // A cluster may leave a request unanswered while it elects a leader.
        jetstream.set_timeout(Duration::from_secs(2));
        let asked = async {
            loop {
                match jetstream.get_stream(self.domain.stream()).await {
                    Ok(stream) => return stream,
                    Err(error) if error.kind() == GetStreamErrorKind::Request => {}
                    Err(error) => panic!("{error}"),
                }
            }
        };
        timeout(PATIENCE, asked).await.expect("nobody tells about the stream")
    }

    pub(crate) async fn raw_message(&self, sequence: u64) -> StreamMessage {
        self.stream().await.get_raw_message(sequence).await.unwrap()
    }

    /// Publishes without the log, and returns the sequence.
    pub(crate) async fn publish_raw(
        &self,
        subject: String,
        headers: HeaderMap,
        payload: impl Into<bytes::Bytes>,
    ) -> u64 {
        let jetstream = async_nats::jetstream::new(self.client().await);
        let answer = jetstream.publish_with_headers(subject, headers, payload.into()).await.unwrap();
        answer.await.unwrap().sequence
    }
}

pub(crate) fn event(aggregate: &Aggregate, name: &str) -> Envelope {
    static NEXT_ID: AtomicU64 = AtomicU64::new(1);
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed).to_string();
    let event_type = format!("org.example.{}.{}.{name}.v1", aggregate.domain(), aggregate.name());
    Envelope::builder(id, "/jetstream-tests", event_type)
        .subject(aggregate.id())
        .data("application/json", r#"{"cents":300}"#)
        .build()
        .unwrap()
}

pub(crate) fn append(aggregate: &Aggregate, expected: u64, names: &[&str]) -> Append {
    let events = names.iter().map(|name| event(aggregate, name)).collect();
    Append { aggregate: aggregate.clone(), expected, events }
}

pub(crate) fn stored(last: u64) -> Appended {
    Appended { last, duplicate: false }
}

pub(crate) fn duplicate(last: u64) -> Appended {
    Appended { last, duplicate: true }
}

pub(crate) async fn next(follow: &mut Follow) -> Result<StoredEvent, ReadError> {
    timeout(PATIENCE, follow.next()).await.expect("no event comes").expect("the follower has ended")
}

pub(crate) async fn take(follow: &mut Follow, count: u64) -> Vec<StoredEvent> {
    let mut events = Vec::new();
    for _ in 0..count {
        events.push(next(follow).await.unwrap());
    }
    events
}

pub(crate) fn ids(events: &[StoredEvent]) -> Vec<String> {
    events.iter().map(|event| event.envelope.id().to_owned()).collect()
}
