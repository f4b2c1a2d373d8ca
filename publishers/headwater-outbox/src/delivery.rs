use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use headwater_event::{Aggregate, Domain, Envelope, Fingerprint};
use headwater_log::{Append, AppendError, Backoff, Log, OpenError, StoredEvent};
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use crate::RelayError;
use crate::in_hand::Waiting;

/// What has become of an append.
pub(crate) struct Delivery {
    pub(crate) position: i64,
    pub(crate) aggregate: String,
    pub(crate) result: Result<Delivered, Undelivered>,
}

/// An append that is on the stream.
pub(crate) struct Delivered {
    /// The sequence of its last event.
    pub(crate) sequence: u64,
    pub(crate) events: u64,
    /// Whether it was there already.
    pub(crate) repeated: bool,
    /// How often others had appended to the aggregate.
    pub(crate) conflicts: u64,
}

/// Why an append will not be stored however often it is sent.
pub(crate) enum Undelivered {
    /// It can't; others can.
    Refused(String),
    /// There is something wrong with the stream.
    Stop(RelayError),
}

/// How often the stream may say that it is behind what was stored on it: a new leader may not know better at first.
const BEHIND_MAX: usize = 12;

/// The log, and which of its streams were opened.
#[derive(Clone)]
pub(crate) struct Destination {
    log: Log,
    opened: Arc<Mutex<HashSet<Domain>>>,
}

impl Destination {
    pub(crate) fn new(log: Log) -> Self {
        Self { log, opened: Arc::default() }
    }

    /// Stores an append, for as long as that takes. `known` is the sequence of its aggregate's last event that the
    /// outbox knows of: the append's events are not among those up to it.
    pub(crate) async fn deliver(self, waiting: Waiting, known: u64) -> Delivery {
        let result = match append(&waiting.events, known) {
            Ok(append) => self.store(append).await,
            Err(problem) => Err(Undelivered::Refused(problem)),
        };
        Delivery { position: waiting.position, aggregate: waiting.aggregate, result }
    }

    async fn store(&self, mut append: Append) -> Result<Delivered, Undelivered> {
        self.open(append.aggregate.domain()).await?;
        let events = append.events.len() as u64;
        let (mut patience, mut conflicts, mut behind) = (Patience::default(), 0, 0);
        loop {
            match self.log.append(append.clone()).await {
                Ok(appended) => {
                    let repeated = appended.duplicate;
                    return Ok(Delivered { sequence: appended.last, events, repeated, conflicts });
                }
                Err(AppendError::Conflict { aggregate, expected, actual }) if actual < expected => {
                    behind += 1;
                    if behind == BEHIND_MAX {
                        return Err(Undelivered::Stop(RelayError::StreamBehind {
                            aggregate,
                            expected,
                            actual,
                        }));
                    }
                    patience.wait().await;
                }
                Err(AppendError::Conflict { actual, .. }) => {
                    if conflicts > 0 {
                        patience.wait().await;
                    }
                    conflicts += 1;
                    match self.look(&append, actual).await? {
                        Found::Here(sequence) => {
                            return Ok(Delivered { sequence, events, repeated: true, conflicts });
                        }
                        Found::NotUpTo(version) => append.expected = version,
                    }
                }
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(error = with_causes(&error), "sending the append again");
                    patience.wait().await;
                }
                Err(AppendError::NoStream { aggregate }) => {
                    return Err(Undelivered::Stop(RelayError::NoStream {
                        domain: aggregate.domain().clone(),
                    }));
                }
                Err(error) => return Err(Undelivered::Refused(error.to_string())),
            }
        }
    }

    /// Opens the domain's stream, once.
    async fn open(&self, domain: &Domain) -> Result<(), Undelivered> {
        let mut opened = self.opened.lock().await;
        let mut patience = Patience::default();
        while !opened.contains(domain) {
            match self.log.open(domain).await {
                Ok(_) => {
                    opened.insert(domain.clone());
                }
                Err(error @ OpenError::Unavailable { .. }) => {
                    tracing::warn!(error = with_causes(&error), "opening the stream again");
                    patience.wait().await;
                }
                Err(source) => return Err(Undelivered::Stop(RelayError::Stream { source })),
            }
        }
        Ok(())
    }

    /// Looks for the append's events in the log, up to the version `at_least` or a later one.
    async fn look(&self, append: &Append, at_least: u64) -> Result<Found, Undelivered> {
        let mut patience = Patience::default();
        let stored = loop {
            match self.log.load(&append.aggregate, at_least).await {
                Ok(stored) => break stored,
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(error = with_causes(&error), "loading the aggregate again");
                    patience.wait().await;
                }
                Err(error) => return Err(Undelivered::Refused(with_causes(&error))),
            }
        };
        let ours: HashSet<Fingerprint> = append.events.iter().map(Envelope::fingerprint).collect();
        let found: Vec<&StoredEvent> =
            stored.iter().filter(|event| ours.contains(&event.envelope.fingerprint())).collect();
        match (found.last(), stored.last()) {
            (Some(last), _) if found.len() == ours.len() => Ok(Found::Here(last.sequence)),
            (Some(other), _) => Err(Undelivered::Refused(format!(
                "the log has only some of the events; an id must be unique for its source, and sequence {} has one of these",
                other.sequence
            ))),
            (None, last) => Ok(Found::NotUpTo(last.map_or(0, |event| event.sequence))),
        }
    }
}

enum Found {
    /// All events are there, the last one at this sequence.
    Here(u64),
    /// None of the events is among those up to this version.
    NotUpTo(u64),
}

/// Backoff without an end.
#[derive(Default)]
pub(crate) struct Patience(Backoff);

impl Patience {
    pub(crate) async fn wait(&mut self) {
        while !self.0.wait().await {
            self.0 = Backoff::default();
        }
    }
}

fn append(events: &str, expected: u64) -> Result<Append, String> {
    let damaged = |error: &dyn Error| format!("the outbox's row is damaged: {error}");
    let events: Vec<&RawValue> = serde_json::from_str(events).map_err(|error| damaged(&error))?;
    let envelope = |event: &&RawValue| Envelope::from_json(&Bytes::copy_from_slice(event.get().as_bytes()));
    let events: Vec<Envelope> =
        events.iter().map(envelope).collect::<Result<_, _>>().map_err(|error| damaged(&error))?;
    let first = events.first().ok_or("the outbox's row has no event")?;
    let kind = first.event_type().map_err(|error| damaged(&error))?;
    let domain = kind.domain.parse::<Domain>();
    let aggregate = domain
        .and_then(|domain| Aggregate::new(domain, kind.aggregate, first.subject().unwrap_or_default()))
        .map_err(|error| damaged(&error))?;
    Ok(Append { aggregate, expected, events })
}

/// An error and what it comes from, in one line.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // Some clients' errors print their source themselves.
        if !text.ends_with(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}
