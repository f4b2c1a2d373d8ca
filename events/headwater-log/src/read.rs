use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures::Stream;
use futures::stream::BoxStream;
use headwater_event::{Domain, Envelope, EnvelopeError, Fingerprint};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An event as the log keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEvent {
    /// The event's place in its stream, from 1.
    pub sequence: u64,
    /// When the log stored it.
    pub stored_at: Timestamp,
    /// The event.
    pub envelope: Envelope,
}

/// Up to where a reader has read: a position that can tell whether it is still one of this stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// When the stream was created.
    pub created: Timestamp,
    /// The sequence of the last event that was read.
    pub sequence: u64,
    /// Which event that was.
    #[serde(with = "fingerprint")]
    pub event: Fingerprint,
}

impl Checkpoint {
    /// The checkpoint of a reader that has read `event`, of the stream that was created then.
    #[must_use]
    pub fn new(created: Timestamp, event: &StoredEvent) -> Self {
        Self { created, sequence: event.sequence, event: event.envelope.fingerprint() }
    }
}

mod fingerprint {
    use headwater_event::Fingerprint;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(event: &Fingerprint, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(event)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let bits = u128::from_str_radix(&text, 16).map_err(serde::de::Error::custom)?;
        Ok(Fingerprint::from_bytes(bits.to_be_bytes()))
    }
}

/// The events that a reader follows. It ends only with an error that can't be waited out.
pub struct Follow {
    created: Timestamp,
    remaining: Remaining,
    events: BoxStream<'static, Result<StoredEvent, ReadError>>,
}

impl Follow {
    pub(crate) fn new(
        created: Timestamp,
        remaining: Remaining,
        events: BoxStream<'static, Result<StoredEvent, ReadError>>,
    ) -> Self {
        Self { created, remaining, events }
    }

    /// How many events were still to come when the last one was handed on, at most: 0 is exact, and other
    /// numbers may count events that the reader doesn't want. `None` when that isn't known, as before the
    /// first look at the stream.
    #[must_use]
    pub fn remaining(&self) -> Option<u64> {
        self.remaining.get()
    }

    /// The checkpoint of a reader that has read `event`.
    #[must_use]
    pub fn checkpoint(&self, event: &StoredEvent) -> Checkpoint {
        Checkpoint::new(self.created, event)
    }

    /// When the stream that is followed was created.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }
}

/// What a log tells its reader about what is still to come. Cloning shares it.
#[derive(Debug, Clone)]
pub(crate) struct Remaining(Arc<AtomicU64>);

/// No stream has as many events.
const UNKNOWN: u64 = u64::MAX;

impl Remaining {
    pub(crate) fn unknown() -> Self {
        Self(Arc::new(AtomicU64::new(UNKNOWN)))
    }

    pub(crate) fn set(&self, events: u64) {
        self.0.store(events, Ordering::Relaxed);
    }

    pub(crate) fn forget(&self) {
        self.set(UNKNOWN);
    }

    fn get(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&events| events != UNKNOWN)
    }
}

impl Stream for Follow {
    type Item = Result<StoredEvent, ReadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.as_mut().poll_next(cx)
    }
}

impl fmt::Debug for Follow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follow").field("created", &self.created).finish_non_exhaustive()
    }
}

/// Why events can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no stream for the domain.
    #[error("there is no stream {}; a publisher of the domain {domain} creates it when it starts", domain.stream())]
    NoStream {
        /// The domain.
        domain: Domain,
    },
    /// The stream isn't the one that the checkpoint was taken of.
    #[error(
        "the stream {} is not the one that was read up to sequence {sequence}: {evidence}; \
         it was restored or recreated, so rebuild from the first event",
        domain.stream()
    )]
    Recreated {
        /// The domain.
        domain: Domain,
        /// The checkpoint's sequence.
        sequence: u64,
        /// What doesn't match.
        evidence: String,
    },
    /// What is stored isn't a CloudEvent. Readers that go on read the event after it.
    #[error("sequence {sequence} of the stream {} is not a CloudEvent", domain.stream())]
    Malformed {
        /// The domain.
        domain: Domain,
        /// Where it is stored.
        sequence: u64,
        /// What is wrong with it.
        source: EnvelopeError,
    },
    /// The log can't be reached, or didn't answer in time.
    #[error("the stream {} can't be read, because the log is unavailable", domain.stream())]
    Unavailable {
        /// The domain.
        domain: Domain,
        /// What the client or the store reports.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The log doesn't say which streams there are.
    #[error("the streams can't be listed, because the log is unavailable")]
    Unlisted {
        /// What the client reports.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ReadError {
    pub(crate) fn unavailable(domain: &Domain, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable { domain: domain.clone(), source: source.into() }
    }

    /// Whether the reader can go on with the next event.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed { .. })
    }

    /// Whether another attempt may succeed.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Unlisted { .. })
    }
}

/// Compares a checkpoint with the stream as it is now.
///
/// `found` is what the stream holds at the checkpoint's sequence, if it reaches that far.
pub(crate) fn check(
    domain: &Domain,
    checkpoint: &Checkpoint,
    created: Timestamp,
    found: Result<Option<StoredEvent>, ReadError>,
) -> Result<(), ReadError> {
    let evidence = if checkpoint.created != created {
        format!("that one was created at {}, this one at {created}", checkpoint.created)
    } else {
        match found {
            Ok(None) => "it doesn't reach that far".to_owned(),
            Ok(Some(event)) if event.envelope.fingerprint() == checkpoint.event => return Ok(()),
            Ok(Some(event)) => {
                format!(
                    "it holds another event there, {:?} of {}",
                    event.envelope.id(),
                    event.envelope.source()
                )
            }
            Err(error) if error.is_malformed() => "what it holds there is no event".to_owned(),
            Err(error) => return Err(error),
        }
    };
    Err(ReadError::Recreated { domain: domain.clone(), sequence: checkpoint.sequence, evidence })
}
