use headwater_event::EventFilter;
use tokio::sync::watch;

use super::stream::MemoryStream;
use crate::read::Remaining;
use crate::{ReadError, StoredEvent};

/// A reader of a stream, at its place.
pub(super) struct Follower {
    pub(super) stream: watch::Receiver<MemoryStream>,
    /// Whether the log can be reached.
    pub(super) connected: watch::Receiver<bool>,
    pub(super) filter: EventFilter,
    /// The sequence from which on events are wanted.
    pub(super) next: u64,
    pub(super) remaining: Remaining,
    /// Whether the error was reported after which nothing comes.
    pub(super) ended: bool,
}

impl Follower {
    pub(super) async fn next(&mut self) -> Option<Result<StoredEvent, ReadError>> {
        while !self.ended {
            // A log that is gone is told by its stream, after what is there was read.
            let _ = self.connected.wait_for(|&connected| connected).await;
            match self.look() {
                Some(found) => return Some(found),
                None if self.stream.changed().await.is_ok() => {}
                None => {
                    self.ended = true;
                    let domain = self.filter.domain();
                    return Some(Err(ReadError::unavailable(domain, "the log is closed")));
                }
            }
        }
        None
    }

    /// What there is for the reader, now.
    fn look(&mut self) -> Option<Result<StoredEvent, ReadError>> {
        let stream = self.stream.borrow_and_update();
        if stream.lost {
            self.ended = true;
            return Some(Err(ReadError::Recreated {
                domain: stream.domain.clone(),
                sequence: self.next - 1,
                evidence: "it was deleted".to_owned(),
            }));
        }
        let event = stream.next(self.next, &self.filter).cloned();
        self.remaining.set(event.as_ref().map_or(0, |event| stream.last() - event.sequence));
        self.next = event.as_ref().map_or(stream.last(), |event| event.sequence).max(self.next - 1) + 1;
        event.map(Ok)
    }
}
