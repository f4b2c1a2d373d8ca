use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headwater_event::Aggregate;
use lru::LruCache;
use tokio::sync::Mutex as Turn;

use super::history::History;

/// The histories of the aggregates that were written last, as many as fit into a budget of events.
///
/// They save reads, and let the writers of one aggregate take turns instead of being in each other's way. Whether an event may be
/// stored is for the log to say, by the expected version.
#[derive(Debug)]
pub(super) struct Histories(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    entries: LruCache<Aggregate, Entry>,
    weight: usize,
    weight_max: usize,
}

#[derive(Debug)]
struct Entry {
    history: Arc<Turn<History>>,
    weight: usize,
}

/// What an aggregate takes besides its events, in events.
const ENTRY_WEIGHT: usize = 8;

impl Histories {
    /// Keeps about this many events' places; each takes some 30 bytes.
    pub(super) fn new(events_max: usize) -> Self {
        Self(Mutex::new(Kept { entries: LruCache::unbounded(), weight: 0, weight_max: events_max }))
    }

    /// An aggregate's history, to be locked for as long as something is appended.
    pub(super) fn of(&self, aggregate: &Aggregate) -> Arc<Turn<History>> {
        let mut kept = self.lock();
        if let Some(entry) = kept.entries.get(aggregate) {
            return Arc::clone(&entry.history);
        }
        let history = Arc::new(Turn::new(History::default()));
        kept.entries.put(aggregate.clone(), Entry { history: Arc::clone(&history), weight: ENTRY_WEIGHT });
        kept.weight += ENTRY_WEIGHT;
        kept.shrink();
        history
    }

    /// Notes how many events a history has now. The ones that weren't used for longest make room; one that leaves none to the
    /// others isn't kept.
    pub(super) fn weigh(&self, aggregate: &Aggregate, events: usize) {
        let mut kept = self.lock();
        let Kept { entries, weight, weight_max } = &mut *kept;
        if let Some(entry) = entries.peek_mut(aggregate) {
            *weight = *weight - entry.weight + ENTRY_WEIGHT + events;
            entry.weight = ENTRY_WEIGHT + events;
            if entry.weight > *weight_max {
                kept.forget(aggregate);
            }
        }
        kept.shrink();
    }

    /// A panic while the lock is held can't leave the sums wrong: nothing between two changes can panic.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn shrink(&mut self) {
        while self.weight > self.weight_max {
            let Some((_, entry)) = self.entries.pop_lru() else { return };
            self.weight -= entry.weight;
        }
    }

    fn forget(&mut self, aggregate: &Aggregate) {
        if let Some(entry) = self.entries.pop(aggregate) {
            self.weight -= entry.weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aggregate(id: &str) -> Aggregate {
        Aggregate::new("orders".parse().unwrap(), "order", id).unwrap()
    }

    #[test]
    fn the_least_used_make_room_and_large_ones_are_not_kept() {
        let histories = Histories::new(100);
        let kept = |id: &str| histories.lock().entries.contains(&aggregate(id));
        for id in ["a", "b", "c"] {
            histories.of(&aggregate(id));
            histories.weigh(&aggregate(id), 20);
        }
        assert!(kept("a") && kept("b") && kept("c"));
        histories.of(&aggregate("a"));
        histories.weigh(&aggregate("c"), 50);
        assert!(kept("a") && !kept("b") && kept("c"));
        histories.weigh(&aggregate("c"), 1000);
        assert!(kept("a") && !kept("c"));
        assert_eq!(histories.lock().weight, 20 + ENTRY_WEIGHT);
    }
}
