//! Several streams as one.
//!
//! What was stored before is read in the order of the times at which it was stored, so that a projection of
//! several streams that is rebuilt sees their events as it saw them live, but for what came within moments.
//! What is stored from then on is taken as it comes. Within a stream, the order is always the stream's.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _};
use headwater_event::EventFilter;
use headwater_log::{Checkpoint, Follow, Log, ReadError, StoredEvent};
use jiff::Timestamp;

/// An event, and of which of the streams it is.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// The index of the stream's filter.
    pub(crate) stream: usize,
    /// When the stream was created.
    pub(crate) created: Timestamp,
    pub(crate) event: StoredEvent,
}

/// How many bytes of events are taken at once, about: small events are handed on by the hundred, large ones are not.
const BYTES_AT_ONCE: usize = 256 * 1024;

impl Arrival {
    /// How much memory it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        const ATTRIBUTES: usize = 512;
        self.event.envelope.data().len() + ATTRIBUTES
    }
}

/// Streams that are followed together.
pub(crate) struct Streams {
    sources: Vec<Source>,
    /// What has ended it, after events that came before.
    failed: Option<ReadError>,
}

struct Source {
    reading: Reading,
    /// Read, and not yet handed on.
    head: Option<Result<StoredEvent, ReadError>>,
}

enum Reading {
    /// The stream is looked for. Whether it is known that there is none yet.
    Looking(BoxFuture<'static, Looked>, bool),
    Following(Follow),
    Ended,
}

enum Looked {
    Found(Result<Follow, ReadError>),
    Missing(Search),
}

/// How long to wait for a stream that no publisher has created yet.
const STREAM_PAUSE: Duration = Duration::from_millis(500);

/// What is needed to look for a stream.
struct Search {
    log: Log,
    filter: EventFilter,
    checkpoint: Option<Checkpoint>,
}

impl Search {
    /// Looks for the stream until it is there, or until it is known that it isn't.
    async fn look(self, mut pause: Duration) -> Looked {
        loop {
            tokio::time::sleep(pause).await;
            match self.log.follow(self.filter.clone(), self.checkpoint).await {
                Err(error @ ReadError::NoStream { .. }) => {
                    if pause.is_zero() {
                        tracing::info!(%error, "waiting for the stream");
                    }
                    return Looked::Missing(self);
                }
                Err(error @ ReadError::Unavailable { .. }) => {
                    if pause.is_zero() {
                        tracing::info!(%error, "waiting for the log");
                    }
                    pause = STREAM_PAUSE;
                }
                found => return Looked::Found(found),
            }
        }
    }
}

impl Streams {
    /// Follows what each of the filters wants, after its checkpoint.
    pub(crate) fn follow(log: &Log, of: impl IntoIterator<Item = (EventFilter, Option<Checkpoint>)>) -> Self {
        let source = |(filter, checkpoint)| {
            let search = Search { log: log.clone(), filter, checkpoint };
            Source { reading: Reading::Looking(search.look(Duration::ZERO).boxed(), false), head: None }
        };
        Self { sources: of.into_iter().map(source).collect(), failed: None }
    }

    /// The next events that are there, `max` at most; waits for one, however long it takes. `None` after an error.
    pub(crate) async fn next(&mut self, max: usize) -> Option<Result<Vec<Arrival>, ReadError>> {
        poll_fn(|cx| self.poll_some(cx, max)).await
    }

    /// How many events are still to come of what is stored, at most; `None` when that isn't known.
    pub(crate) fn remaining(&self) -> Option<u64> {
        self.sources.iter().map(Source::remaining).sum()
    }

    fn poll_some(
        &mut self,
        cx: &mut Context<'_>,
        max: usize,
    ) -> Poll<Option<Result<Vec<Arrival>, ReadError>>> {
        let (mut events, mut bytes) = (Vec::new(), 0);
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Some(Err(error)));
        }
        while events.len() < max && bytes < BYTES_AT_ONCE {
            match self.poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => {
                    bytes += event.bytes();
                    events.push(event);
                }
                Poll::Ready(Some(Err(error))) if events.is_empty() => return Poll::Ready(Some(Err(error))),
                Poll::Ready(Some(Err(error))) => {
                    self.failed = Some(error);
                    break;
                }
                Poll::Ready(None) if events.is_empty() => return Poll::Ready(None),
                Poll::Pending if events.is_empty() => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        Poll::Ready(Some(Ok(events)))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Arrival, ReadError>>> {
        if let [only] = self.sources.as_mut_slice() {
            // It has nobody to wait for.
            return if only.poll_head(cx) {
                Poll::Ready(only.hand_on(0))
            } else if only.is_over() {
                Poll::Ready(None)
            } else {
                Poll::Pending
            };
        }
        let mut is_awaited = false;
        for source in &mut self.sources {
            // Also one that isn't waited for is polled, so that it wakes this task.
            let is_there = source.poll_head(cx);
            is_awaited |= !is_there && source.remaining() != Some(0);
        }
        let first = self.sources.iter().enumerate().filter_map(|(stream, source)| match &source.head {
            // An error is said at once.
            Some(Err(_)) => Some((Timestamp::MIN, stream)),
            Some(Ok(event)) => Some((event.stored_at, stream)),
            None => None,
        });
        let Some((at, stream)) = first.min() else {
            let is_over = self.sources.iter().all(Source::is_over);
            return if is_over { Poll::Ready(None) } else { Poll::Pending };
        };
        if is_awaited && at > Timestamp::MIN {
            return Poll::Pending;
        }
        Poll::Ready(self.sources[stream].hand_on(stream))
    }
}

impl Source {
    /// Whether the next event is there.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> bool {
        while self.head.is_none() {
            match &mut self.reading {
                Reading::Looking(looking, _) => match looking.poll_unpin(cx) {
                    Poll::Ready(Looked::Found(Ok(follow))) => self.reading = Reading::Following(follow),
                    Poll::Ready(Looked::Found(Err(error))) => {
                        self.reading = Reading::Ended;
                        self.head = Some(Err(error));
                    }
                    Poll::Ready(Looked::Missing(search)) => {
                        self.reading = Reading::Looking(search.look(STREAM_PAUSE).boxed(), true);
                    }
                    Poll::Pending => return false,
                },
                Reading::Following(follow) => match follow.poll_next_unpin(cx) {
                    Poll::Ready(Some(event)) => self.head = Some(event),
                    Poll::Ready(None) => self.reading = Reading::Ended,
                    Poll::Pending => return false,
                },
                Reading::Ended => return false,
            }
        }
        true
    }

    /// The event that is there, of what is the `stream`th one.
    fn hand_on(&mut self, stream: usize) -> Option<Result<Arrival, ReadError>> {
        let created = self.created();
        self.head.take().map(|event| event.map(|event| Arrival { stream, created, event }))
    }

    fn is_over(&self) -> bool {
        matches!(self.reading, Reading::Ended)
    }

    /// As [`Streams::remaining`]. The event that is read ahead counts.
    fn remaining(&self) -> Option<u64> {
        let ahead = u64::from(self.head.is_some());
        match &self.reading {
            Reading::Looking(_, is_missing) => is_missing.then_some(0),
            Reading::Following(follow) => follow.remaining().map(|remaining| remaining + ahead),
            Reading::Ended => Some(ahead),
        }
    }

    fn created(&self) -> Timestamp {
        match &self.reading {
            Reading::Following(follow) => follow.created(),
            // Nothing is handed on then.
            Reading::Looking(..) | Reading::Ended => Timestamp::UNIX_EPOCH,
        }
    }
}
