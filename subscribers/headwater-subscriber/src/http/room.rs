use std::sync::Arc;

use headwater_log::service::http::Problem;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::QueryLimits;
use super::problems::OVERLOADED;

/// How many clients may read from the store at once. What a store has room for is shared out, so that clients who read
/// slowly keep nobody else from it.
#[derive(Debug)]
pub(super) struct Room {
    reads: Arc<Semaphore>,
    snapshots: Arc<Semaphore>,
    snapshots_max: usize,
}

/// How much of a store's room is left to operators' questions.
const OPERATORS: usize = 2;

/// Which part of the room listeners' snapshots have at most: these last as long as a client takes to read them.
const SNAPSHOTS: usize = 4;

impl Room {
    /// Of a store that may be read so many times at once, if it says so.
    pub(super) fn new(limits: &QueryLimits, store_max: Option<usize>) -> Self {
        let (mut reads_max, mut snapshots_max) = (limits.reads_max, limits.listeners_max);
        if let Some(store_max) = store_max {
            let room = store_max.saturating_sub(OPERATORS).max(2);
            snapshots_max = snapshots_max.min((room / SNAPSHOTS).max(1));
            reads_max = reads_max.min(room - snapshots_max);
        }
        let semaphore = |max| Arc::new(Semaphore::new(max));
        Self { reads: semaphore(reads_max), snapshots: semaphore(snapshots_max), snapshots_max }
    }

    /// Room for a short read, as soon as there is some.
    pub(super) async fn read(&self, until: Instant) -> Result<OwnedSemaphorePermit, Problem> {
        match timeout_at(until, Arc::clone(&self.reads).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Problem::new(OVERLOADED, "the reads under way took all the time that this one had")),
        }
    }

    /// Room for the snapshot of a listener, at once or not at all.
    pub(super) fn snapshot(&self) -> Result<OwnedSemaphorePermit, Problem> {
        Arc::clone(&self.snapshots).try_acquire_owned().map_err(|_| {
            let max = self.snapshots_max;
            Problem::new(OVERLOADED, format!("as many clients read a snapshot as may at once ({max})"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_of_a_store_is_enough_for_all_that_may_be_read_at_once() {
        let limits = QueryLimits::default();
        let room = |store_max| {
            let room = Room::new(&limits, store_max);
            (room.reads.available_permits(), room.snapshots.available_permits())
        };
        assert_eq!(room(None), (limits.reads_max, limits.listeners_max));
        assert_eq!(room(Some(1000)), (limits.reads_max, 249));
        assert_eq!(room(Some(16)), (11, 3));
        assert_eq!(room(Some(4)), (1, 1));
        for store_max in 4..400 {
            let (reads, snapshots) = room(Some(store_max));
            assert!(reads > 0 && snapshots > 0 && reads + snapshots + OPERATORS <= store_max, "{store_max}");
        }
    }
}
