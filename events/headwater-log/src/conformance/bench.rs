use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::StreamExt as _;
use headwater_event::{Aggregate, Domain, Envelope, EventFilter, EventType};
use tokio::time::timeout;

use super::Subject;
use crate::{Append, AppendError, Appended, Checkpoint, Follow, Log, ReadError, StoredEvent};

/// How long an event may take to reach a follower, on a busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// What a case works with: a log, and a domain of its own with an open stream.
pub struct Bench {
    subject: Arc<dyn Subject>,
    pub(super) log: Log,
    pub(super) domain: Domain,
}

impl Bench {
    pub(super) async fn new(subject: Arc<dyn Subject>, domain: Domain) -> Self {
        let log = subject.log().await;
        log.open(&domain).await.unwrap();
        Self { subject, log, domain }
    }

    /// The log as another process sees it.
    pub(super) async fn other_log(&self) -> Log {
        self.subject.log().await
    }

    /// The same after the domain's stream was lost and opened anew.
    pub(super) async fn recreated(&self) -> Self {
        let log = self.subject.log_without(&self.domain).await;
        log.open(&self.domain).await.unwrap();
        Self { subject: self.subject.clone(), log, domain: self.domain.clone() }
    }

    /// An aggregate of the kind that all cases use.
    pub(super) fn aggregate(&self, id: impl Into<String>) -> Aggregate {
        Aggregate::new(self.domain.clone(), "order", id).unwrap()
    }

    /// The filter for the events `names` of that kind.
    pub(super) fn filter(&self, names: &[&'static str]) -> EventFilter {
        let event = |&name| EventType {
            namespace: "org.example",
            domain: self.domain.as_str(),
            aggregate: "order",
            name,
            version: 1,
        };
        EventFilter::events(&names.iter().map(event).collect::<Vec<_>>()).unwrap()
    }

    /// The filter for all events of the domain.
    pub(super) fn all(&self) -> EventFilter {
        EventFilter::all(self.domain.clone())
    }

    pub(super) async fn append(&self, aggregate: &Aggregate, expected: u64, names: &[&str]) -> Appended {
        self.log.append(append(aggregate, expected, names)).await.unwrap()
    }

    /// Stores `count` events, each of an aggregate of its own and named by turns.
    pub(super) async fn fill(&self, count: usize, names: &[&str]) {
        let mut answers = Vec::with_capacity(count);
        for (index, name) in (0..count).zip(names.iter().cycle()) {
            let aggregate = self.aggregate(format!("filled-{index}"));
            answers.push(self.log.begin_append(append(&aggregate, 0, &[name])).await.unwrap());
        }
        for answer in answers {
            answer.await.unwrap();
        }
    }

    pub(super) async fn follow(&self, filter: EventFilter, checkpoint: Option<Checkpoint>) -> Follow {
        self.log.follow(filter, checkpoint).await.unwrap()
    }

    /// All events of the domain.
    pub(super) async fn stored(&self) -> Vec<StoredEvent> {
        self.log.read(&self.domain, 1, usize::MAX).await.unwrap()
    }

    /// How many events the domain has.
    pub(super) async fn last(&self) -> u64 {
        self.log.info(&self.domain).await.unwrap().last
    }
}

/// A new event of an aggregate.
pub(super) fn event(aggregate: &Aggregate, name: &str) -> Envelope {
    event_with(aggregate, name, r#"{"cents":300}"#)
}

/// The same with other data.
pub(super) fn event_with(aggregate: &Aggregate, name: &str, data: impl Into<bytes::Bytes>) -> Envelope {
    static NEXT_ID: AtomicU64 = AtomicU64::new(1);
    let id = NEXT_ID.fetch_add(1, Ordering::Relaxed).to_string();
    let event_type = format!("org.example.{}.{}.{name}.v1", aggregate.domain(), aggregate.name());
    // Cases run in several processes, and an id is unique for its source.
    let source = format!("/conformance/{}/{}", std::process::id(), aggregate.domain());
    Envelope::builder(id, source, event_type)
        .subject(aggregate.id())
        .data("application/json", data)
        .build()
        .unwrap()
}

/// An append of new events.
pub(super) fn append(aggregate: &Aggregate, expected: u64, names: &[&str]) -> Append {
    let events = names.iter().map(|name| event(aggregate, name)).collect();
    Append { aggregate: aggregate.clone(), expected, events }
}

/// The next item of a follower.
pub(super) async fn next(follow: &mut Follow) -> Result<StoredEvent, ReadError> {
    timeout(PATIENCE, follow.next()).await.expect("no event comes").expect("the follower has ended")
}

/// The next events of a follower.
pub(super) async fn take(follow: &mut Follow, count: usize) -> Vec<StoredEvent> {
    let mut events = Vec::with_capacity(count);
    while events.len() < count {
        events.push(next(follow).await.unwrap());
    }
    events
}

pub(super) fn sequences(events: &[StoredEvent]) -> Vec<u64> {
    events.iter().map(|event| event.sequence).collect()
}

pub(super) fn envelopes(events: &[StoredEvent]) -> Vec<Envelope> {
    events.iter().map(|event| event.envelope.clone()).collect()
}

/// The version that the conflict reports.
#[track_caller]
pub(super) fn conflict(result: Result<Appended, AppendError>) -> u64 {
    match result {
        Err(AppendError::Conflict { actual, .. }) => actual,
        other => panic!("expected a conflict, got {other:?}"),
    }
}

/// What the append says is wrong with itself.
#[track_caller]
pub(super) fn problem(result: Result<Appended, AppendError>) -> String {
    match result {
        Err(AppendError::Invalid { problem, .. }) => problem,
        other => panic!("expected an invalid append, got {other:?}"),
    }
}

/// Where the log has another event with the id of one of these.
#[track_caller]
pub(super) fn duplicate(result: Result<Appended, AppendError>) -> u64 {
    match result {
        Err(AppendError::Duplicate { sequence, .. }) => sequence,
        other => panic!("expected a duplicate, got {other:?}"),
    }
}
