use std::collections::HashSet;
use std::error::Error;
use std::sync::Arc;

use bytes::Bytes;
use headwater_event::{Aggregate, Domain, Envelope, Fingerprint};
use headwater_log::{Append, AppendError, Backoff, Log, StoredEvent};
use serde_json::value::RawValue;

use crate::RelayError;
use crate::in_hand::Waiting;
use crate::streams::{Stream, Streams};

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

/// The log, and what is known of its streams.
#[derive(Clone)]
pub(crate) struct Destination {
    log: Log,
    streams: Arc<Streams>,
}

impl Destination {
    pub(crate) fn new(log: Log) -> Self {
        Self { log, streams: Arc::default() }
    }

    /// The domains whose streams can't be reached.
    pub(crate) fn held_up(&self) -> Vec<String> {
        self.streams.held_up()
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
        let stream = self.streams.of(append.aggregate.domain());
        stream.open(&*self.log, append.aggregate.domain()).await.map_err(Undelivered::Stop)?;
        let events = append.events.len() as u64;
        let (mut patience, mut conflicts, mut behind) = (Patience::default(), 0, 0);
        loop {
            let appended = self.log.append(append.clone()).await;
            stream.note(appended.as_ref().is_err_and(AppendError::is_unavailable));
            match appended {
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
                    match self.look(&stream, &append, actual).await? {
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
                Err(error) => return Err(Undelivered::Refused(with_causes(&error))),
            }
        }
    }

    /// Looks for the append's events in the log, up to the version `at_least` or a later one.
    async fn look(&self, stream: &Stream, append: &Append, at_least: u64) -> Result<Found, Undelivered> {
        let mut patience = Patience::default();
        let stored = loop {
            match self.log.load(&append.aggregate, at_least).await {
                Ok(stored) => break stored,
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(error = with_causes(&error), "loading the aggregate again");
                    stream.note(true);
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
    let damaged = |error: &dyn Error| format!("the outbox's row is damaged: {}", with_causes(error));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_row_is_refused_with_all_that_is_known_of_the_damage() {
        let damaged = |events: &str| append(events, 0).unwrap_err();
        let cause = Envelope::from_json(&Bytes::from("7")).unwrap_err().source().unwrap().to_string();
        assert!(damaged("[7]").ends_with(&cause), "{} has no {cause}", damaged("[7]"));
        assert_eq!(damaged("[]"), "the outbox's row has no event");
    }
}
