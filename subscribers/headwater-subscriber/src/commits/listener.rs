use std::sync::Arc;

use tokio::sync::watch;

use super::feed::{CommittedRows, Feed};
use crate::Positions;

/// Somebody who hears of every commit from a point on.
#[derive(Debug)]
pub(crate) struct Listener {
    feed: Arc<Feed>,
    grown: watch::Receiver<u64>,
    /// The number of the next commit.
    next: u64,
    resumed: bool,
    /// What is known otherwise.
    known: Positions,
}

/// What a listener hears.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The next commit.
    Commit(Arc<CommittedRows>),
    /// That there were commits that aren't kept any more.
    Lagged,
    /// That there will be none any more.
    Ended,
}

impl Listener {
    /// Begins after the commit that `last_id` names, if it is known, or at the present. No commit may be under way.
    pub(super) fn begin(feed: &Arc<Feed>, last_id: Option<&str>, present: &Positions) -> Self {
        let mut ring = feed.ring();
        ring.listeners += 1;
        let end = ring.end();
        let next = last_id.and_then(|id| {
            let mut after = (ring.first + 1..).zip(&ring.commits);
            let heard = after.find(|(next, commit)| feed.id(*next, &commit.positions) == id);
            heard.map(|(next, _)| next).or_else(|| (feed.id(end, present) == id).then_some(end))
        });
        let resumed = next.is_some();
        let grown = feed.grown.subscribe();
        Self {
            feed: Arc::clone(feed),
            grown,
            next: next.unwrap_or(end),
            resumed,
            known: Positions::default(),
        }
    }

    /// Passes over the commits up to these positions, which are known otherwise.
    pub(crate) fn pass_over(&mut self, known: Positions) {
        self.known = known;
    }

    /// Whether nothing was missed since the commit that the client has named.
    pub(crate) fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Waits for the next commit.
    pub(crate) async fn next(&mut self) -> Heard {
        loop {
            // Marked as seen before it is looked at, so that none is slept through.
            self.grown.borrow_and_update();
            {
                let ring = self.feed.ring();
                if self.next < ring.first {
                    return Heard::Lagged;
                }
                let index = usize::try_from(self.next - ring.first).unwrap_or(usize::MAX);
                if let Some(commit) = ring.commits.get(index) {
                    self.next += 1;
                    if self.known.have_reached(&commit.positions) {
                        continue;
                    }
                    return Heard::Commit(Arc::clone(commit));
                }
            }
            if self.grown.changed().await.is_err() {
                return Heard::Ended;
            }
        }
    }

    /// The name of the point up to which it has heard, where the positions are these, for a client that comes back.
    pub(crate) fn id(&self, positions: &Positions) -> String {
        self.feed.id(self.next, positions)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.feed.ring().leave();
    }
}
