use std::error::Error;
use std::sync::Arc;

use async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE;
use async_nats::{HeaderMap, HeaderName};
use bytes::Bytes;
use headwater_event::{Aggregate, Fingerprint};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::time::{Instant, timeout_at};

use super::acks::Awaiting;
use super::batch;
use super::broker::Broker;
use super::message::headers;
use super::verdict::Verdict;
#[cfg(feature = "testkit")]
use crate::Append;
use crate::append::{NewEvent, Part, is_about};
use crate::retry::Backoff;
use crate::{AppendError, Appended, Commit, Denial, PendingAppend, StoredEvent};

/// Which subjects the expectation is about (server 2.12); the client has no name for it.
pub(super) const EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT: HeaderName =
    HeaderName::from_static("Nats-Expected-Last-Subject-Sequence-Subject");

/// One commit on its way: what is sent, as often as it must be.
pub(super) struct Attempt {
    broker: Arc<Broker>,
    deadline: Instant,
    parts: Vec<Part>,
    /// Whether it was sent and not answered, so that it may be stored.
    answer_lost: bool,
}

pub(crate) struct Outgoing {
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
}

/// An attempt that was sent, and what is done with the answer.
struct Sent<F> {
    attempt: Attempt,
    done: F,
}

impl<F: FnOnce(Answer) + Send + 'static> Awaiting for Sent<F> {
    fn publishes_on(&self, subject: &str) -> bool {
        self.attempt.publishes_on(subject)
    }

    fn answered(self: Box<Self>, verdict: Verdict) {
        let Self { attempt, done } = *self;
        match verdict {
            Verdict::Stored { sequence, duplicate: false } => {
                done(Ok(Appended { last: sequence, duplicate: false }));
            }
            // What is rare has a task of its own; for each append, one would cost half of the throughput.
            verdict => {
                let runtime = attempt.broker.runtime.clone();
                runtime.spawn(async move { done(attempt.insist(verdict).await) });
            }
        }
    }
}

/// How a part of a commit stands, as the stream's leader has it.
enum Standing {
    /// The aggregate is at the expected version.
    Unchanged,
    /// The events are stored, the last one here.
    Stored(u64),
    /// An event of the aggregate with the id of one of these is stored here, but not all of them are.
    Reused(u64),
    /// The aggregate is at another version.
    Moved(u64),
}

/// How the parts of a commit stand, together.
#[derive(Default)]
struct Standings {
    conflict: Option<AppendError>,
    unchanged: bool,
    /// Whose events are stored, and where the last one is; together with an aggregate that is unchanged, their ids are used
    /// for other events.
    reused: Option<(Aggregate, u64)>,
}

impl Standings {
    fn add(&mut self, part: &Part, standing: Standing) {
        match standing {
            Standing::Unchanged => self.unchanged = true,
            Standing::Moved(actual) => {
                self.conflict.get_or_insert_with(|| conflict(part, actual));
            }
            Standing::Reused(sequence) => {
                self.unchanged = true;
                self.reused = Some((part.aggregate.clone(), sequence));
            }
            Standing::Stored(sequence) => {
                let last = self.reused.as_ref().map_or(0, |(_, last)| *last);
                self.reused = Some((part.aggregate.clone(), sequence.max(last)));
            }
        }
    }

    /// The answer, if it is certain.
    fn answer(self) -> Option<Answer> {
        match (self.conflict, self.reused) {
            (Some(conflict), _) => Some(Err(conflict)),
            (None, Some((_, last))) if !self.unchanged => Some(Ok(Appended { last, duplicate: true })),
            _ => None,
        }
    }
}

type Failure = Box<dyn Error + Send + Sync>;
pub(super) type Answer = Result<Appended, AppendError>;

impl Attempt {
    /// An attempt, after every check that needs no broker.
    pub(super) fn new(broker: Arc<Broker>, commit: Commit) -> Result<Self, AppendError> {
        let parts = commit.into_parts(broker.client.server_info().max_payload)?;
        let deadline = broker.deadline();
        Ok(Self { broker, deadline, parts, answer_lost: false })
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// How many events it has.
    pub(super) fn events(&self) -> usize {
        self.parts.iter().map(|part| part.events.len()).sum()
    }

    /// How large its data is.
    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().flat_map(|part| &part.events).map(|event| event.envelope.data().len()).sum()
    }

    pub(super) fn aggregates(&self) -> impl Iterator<Item = &Aggregate> {
        self.parts.iter().map(|part| &part.aggregate)
    }

    /// What is sent.
    pub(super) fn messages(&self) -> impl Iterator<Item = Outgoing> {
        self.parts.iter().flat_map(outgoing)
    }

    /// Sends it, in the caller's order, when there is room for it. The answer comes by itself.
    pub(super) async fn begin(self) -> PendingAppend {
        let (sender, answer) = oneshot::channel();
        let pending = PendingAppend::answered(self.aggregate(), answer);
        // Who doesn't wait has nothing to be told.
        match self.room().await {
            Some(room) => {
                let done = |answer| {
                    drop(room);
                    sender.send(answer).ok();
                };
                self.send(done).await;
            }
            None => {
                sender.send(Err(self.given_up("too many appends are under way".into()))).ok();
            }
        }
        pending
    }

    /// Room for what is under way, until it is dropped; none when there is none in time.
    pub(super) async fn room(&self) -> Option<OwnedSemaphorePermit> {
        self.broker.room(self.events(), self.deadline).await
    }

    /// Sends it, in the caller's order. Whatever must be done to get the answer is done then, up to the deadline.
    pub(super) async fn send(self, done: impl FnOnce(Answer) + Send + 'static) {
        let (broker, until) = (Arc::clone(&self.broker), self.broker.answered_until(self.deadline));
        let messages = self.messages().collect();
        batch::publish(&broker, messages, until, Box::new(Sent { attempt: self, done })).await;
    }

    /// Does what the server's verdict asks for, up to the deadline.
    pub(super) async fn insist(mut self, mut verdict: Verdict) -> Answer {
        let mut backoff = Backoff::until(self.deadline);
        loop {
            self.note(&verdict);
            let failure = match timeout_at(self.deadline, self.settle(verdict)).await {
                Ok(Ok(answer)) => return answer,
                Ok(Err(failure)) => failure,
                Err(elapsed) => elapsed.into(),
            };
            let denied = failure.is::<Denial>();
            if denied || !backoff.wait().await {
                return Err(self.given_up(failure));
            }
            tracing::debug!(aggregate = %self.aggregate(), error = %failure, "sending an append again");
            verdict = batch::verdict(&self.broker, self.messages().collect(), self.deadline).await;
        }
    }

    /// Remembers what the verdict says of all that comes later.
    pub(super) fn note(&mut self, verdict: &Verdict) {
        self.answer_lost |= match verdict {
            // It is stored; only where is still to be found.
            Verdict::Lost(_) | Verdict::Stored { .. } => true,
            Verdict::Denied(denial) => denial.subscription,
            _ => false,
        };
    }

    /// The end without an answer.
    pub(super) fn given_up(&self, source: Failure) -> AppendError {
        let aggregate = self.aggregate().clone();
        if self.answer_lost {
            AppendError::Unknown { aggregate, source }
        } else {
            AppendError::Unavailable { aggregate, source }
        }
    }

    /// Whether an aggregate is no longer at its expected version.
    pub(super) async fn is_outdated(&self) -> Result<bool, Failure> {
        timeout_at(self.deadline, async {
            for part in &self.parts {
                if self.head(part).await? != part.expected {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await?
    }

    /// Whether one of its events goes there.
    pub(super) fn publishes_on(&self, subject: &str) -> bool {
        self.parts.iter().flat_map(|part| &part.events).any(|event| event.subject == subject)
    }

    /// What the server's verdict comes to; a failure may be tried again.
    async fn settle(&self, verdict: Verdict) -> Result<Answer, Failure> {
        match verdict {
            Verdict::Stored { sequence, duplicate: false } => {
                Ok(Ok(Appended { last: sequence, duplicate: false }))
            }
            Verdict::Stored { sequence, .. } => self.resolve_duplicate(sequence).await,
            Verdict::Conflict => self.resolve_conflict().await,
            Verdict::Duplicates => match self.resolve_duplicates().await? {
                // An earlier attempt may have been stored while this was looked up part by part.
                Err(AppendError::Duplicate { .. }) => self.resolve_duplicates().await,
                answer => Ok(answer),
            },
            Verdict::NoStream(failure) => match self.broker.stream_info(self.aggregate().domain()).await? {
                Some(_) => Err(failure),
                None => Ok(Err(AppendError::NoStream { aggregate: self.aggregate().clone() })),
            },
            // It may have been stored before whatever is refused now.
            Verdict::Refused { description, .. } if self.answer_lost => {
                Ok(Err(self.given_up(description.into())))
            }
            Verdict::Refused { code, description } => {
                Ok(Err(AppendError::Refused { aggregate: self.aggregate().clone(), code, description }))
            }
            // Without its answers nobody would ever know; nor whether it was stored before it was denied.
            Verdict::Denied(denial) if denial.subscription || self.answer_lost => Err(denial.into()),
            Verdict::Denied(Denial { subject, .. }) => {
                Ok(Err(AppendError::Denied { aggregate: self.aggregate().clone(), subject }))
            }
            Verdict::NotNow(failure) | Verdict::Lost(failure) => Err(failure),
        }
    }

    /// Tells a real conflict from an earlier attempt whose answer was lost, by what the leader has stored.
    async fn resolve_conflict(&self) -> Result<Answer, Failure> {
        let mut standings = Standings::default();
        for part in &self.parts {
            standings.add(part, self.standing(part).await?);
        }
        // Otherwise the guard was held by a write in flight that came to nothing.
        standings.answer().ok_or_else(|| "another write to the aggregate was under way".into())
    }

    /// The broker knows the only event. It knows it by its id alone, so it may be the event of another
    /// aggregate with the same id; then this one was not stored, and must not be called stored.
    async fn resolve_duplicate(&self, sequence: u64) -> Result<Answer, Failure> {
        let aggregate = self.aggregate();
        let domain = aggregate.domain();
        let stored = self.broker.get(domain, &domain.subjects(), sequence, 1, sequence, self.deadline).await;
        let ours = match stored {
            Ok(stored) => stored.first().is_some_and(|StoredEvent { envelope, .. }| {
                envelope.event_type().is_ok_and(|event_type| is_about(envelope, event_type, aggregate))
            }),
            Err(error) if error.is_malformed() => false,
            Err(error) => return Err(error.into()),
        };
        Ok(if ours {
            Ok(Appended { last: sequence, duplicate: true })
        } else {
            Err(duplicate(aggregate, sequence))
        })
    }

    /// The broker knows at least one event of the batch, and has stored nothing.
    async fn resolve_duplicates(&self) -> Result<Answer, Failure> {
        let mut standings = Standings::default();
        for part in &self.parts {
            standings.add(part, self.history(part).await?);
        }
        let reused = standings.reused.clone();
        standings
            .answer()
            .or_else(|| reused.map(|(aggregate, sequence)| Err(duplicate(&aggregate, sequence))))
            .ok_or_else(|| {
                "an event with the id of one of these is under way, or of another aggregate".into()
            })
    }

    /// How a part stands, by what follows its expected version.
    async fn standing(&self, part: &Part) -> Result<Standing, Failure> {
        let actual = self.head(part).await?;
        if actual == part.expected {
            return Ok(Standing::Unchanged);
        }
        if actual > part.expected {
            let stored = match part.events.len() {
                // The first event after the expected version decides.
                1 => self.next(part).await?,
                _ => self.load(part, part.expected + 1, actual).await?,
            };
            let ours = part.events.iter().map(|event| event.fingerprint);
            let ours = stored.iter().map(fingerprint).take(part.events.len()).eq(ours);
            if let (true, Some(last)) = (ours, stored.get(part.events.len() - 1)) {
                return Ok(Standing::Stored(last.sequence));
            }
        }
        Ok(Standing::Moved(actual))
    }

    /// How a part stands, by all that ever happened to its aggregate.
    async fn history(&self, part: &Part) -> Result<Standing, Failure> {
        let actual = self.head(part).await?;
        let stored = self.load(part, 1, actual).await?;
        let find = |ours: &NewEvent| stored.iter().find(|event| fingerprint(event) == ours.fingerprint);
        let found: Vec<_> = part.events.iter().filter_map(find).collect();
        Ok(match found.last() {
            Some(last) if found.len() == part.events.len() => Standing::Stored(last.sequence),
            _ if actual != part.expected => Standing::Moved(actual),
            Some(reused) => Standing::Reused(reused.sequence),
            None => Standing::Unchanged,
        })
    }

    async fn head(&self, part: &Part) -> Result<u64, Failure> {
        Ok(self.broker.last_of(&part.aggregate).await?.unwrap_or(0))
    }

    async fn next(&self, Part { aggregate, expected, .. }: &Part) -> Result<Vec<StoredEvent>, Failure> {
        let from = expected + 1;
        Ok(self.broker.get(aggregate.domain(), &aggregate.filter(), from, 1, from, self.deadline).await?)
    }

    async fn load(&self, part: &Part, from: u64, at_least: u64) -> Result<Vec<StoredEvent>, Failure> {
        Ok(self.broker.load(&part.aggregate, from, at_least, self.deadline).await?)
    }

    /// The aggregate by which a commit is named in errors.
    pub(super) fn aggregate(&self) -> &Aggregate {
        // A commit has a first append.
        &self.parts[0].aggregate
    }
}

/// The messages of a part. The guard of an aggregate's events is its first one's: the others are part of the same decision.
fn outgoing(part: &Part) -> impl Iterator<Item = Outgoing> {
    part.events.iter().enumerate().map(|(index, event)| {
        let mut headers = headers(event);
        if index == 0 {
            headers.insert(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, part.expected.to_string());
            headers.insert(EXPECTED_LAST_SUBJECT_SEQUENCE_SUBJECT, part.aggregate.filter());
        }
        let payload = event.envelope.data_bytes().cloned().unwrap_or_default();
        Outgoing { subject: event.subject.clone(), headers, payload }
    })
}

/// The message of an append of one event, for whoever sends it by himself.
#[cfg(feature = "testkit")]
pub(crate) fn raw_message(append: Append) -> Result<Outgoing, AppendError> {
    let aggregate = append.aggregate.clone();
    let parts = Commit::from(append).into_parts(usize::MAX)?;
    let one = parts.first().and_then(|part| outgoing(part).next());
    one.ok_or_else(|| AppendError::Invalid { aggregate, problem: "there is no event to append".to_owned() })
}

fn conflict(part: &Part, actual: u64) -> AppendError {
    AppendError::Conflict { aggregate: part.aggregate.clone(), expected: part.expected, actual }
}

fn duplicate(aggregate: &Aggregate, sequence: u64) -> AppendError {
    AppendError::Duplicate { aggregate: aggregate.clone(), sequence }
}

fn fingerprint(event: &StoredEvent) -> Fingerprint {
    event.envelope.fingerprint()
}
