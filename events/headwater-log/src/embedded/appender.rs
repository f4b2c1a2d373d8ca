use std::collections::HashMap;
use std::num::NonZeroUsize;

use headwater_event::Fingerprint;
use jiff::Timestamp;
use lru::LruCache;
use sled::{Batch, Tree};
use tokio::sync::watch;

use super::record::{aggregate_key, aggregate_prefix, encode, event_key, sequence_of};
use super::window::DuplicateWindow;
use crate::append::{NewEvent, Part};
use crate::{AppendError, Appended};

/// What appends to one stream: first it stages, then it applies, and after the flush it shows.
pub(super) struct Appender {
    tree: Tree,
    last: u64,
    window: DuplicateWindow,
    /// The versions of the aggregates that were written last; the others' are looked up.
    heads: LruCache<Vec<u8>, u64>,
    visible: watch::Sender<u64>,
    staged: Staged,
}

/// What will be stored together.
#[derive(Default)]
struct Staged {
    batch: Batch,
    /// The sequences of the aggregates' events, by the aggregate's prefix.
    sequences: HashMap<Vec<u8>, Vec<u64>>,
    fingerprints: HashMap<Fingerprint, u64>,
}

/// How a part of a commit stands.
enum Standing {
    /// It isn't stored, and can be.
    New,
    /// It is stored, its last event here.
    Stored(u64),
}

/// How many aggregates' versions are kept in memory.
const HEADS_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16 * 1024 - 1);

impl Appender {
    pub(super) fn new(tree: Tree, last: u64, window: DuplicateWindow, visible: watch::Sender<u64>) -> Self {
        Self { tree, last, window, heads: LruCache::new(HEADS_MAX), visible, staged: Staged::default() }
    }

    /// Whether there is something to store.
    pub(super) fn has_staged(&self) -> bool {
        !self.staged.sequences.is_empty()
    }

    /// Hands what is staged over to the store, all or nothing. It is durable after the next flush.
    pub(super) fn apply(&mut self) -> sled::Result<()> {
        self.tree.apply_batch(std::mem::take(&mut self.staged.batch))
    }

    /// Shows what was applied and flushed to readers and to later appends.
    pub(super) fn show(&mut self) {
        for (event, sequence) in self.staged.fingerprints.drain() {
            self.window.insert(event, sequence);
        }
        for (prefix, sequences) in self.staged.sequences.drain() {
            if let Some(head) = sequences.last() {
                self.heads.put(prefix, *head);
            }
        }
        self.visible.send_replace(self.last);
    }

    /// Decides whether a commit can be stored, and stages all its events if so.
    pub(super) fn stage(&mut self, parts: &[Part]) -> Result<Appended, AppendError> {
        let (mut new, mut last_stored) = (Vec::with_capacity(parts.len()), 0);
        for part in parts {
            let prefix = aggregate_prefix(&part.aggregate);
            match self.standing(part, &prefix)? {
                Standing::New => new.push((part, prefix)),
                Standing::Stored(last) => last_stored = last_stored.max(last),
            }
        }
        if new.is_empty() {
            return Ok(Appended { last: last_stored, duplicate: true });
        }
        if new.len() < parts.len() {
            let aggregate = new[0].0.aggregate.clone();
            return Err(AppendError::Duplicate { aggregate, sequence: last_stored });
        }
        for (part, prefix) in new {
            self.stage_part(part, prefix);
        }
        Ok(Appended { last: self.last, duplicate: false })
    }

    /// Whether a part can be stored, or is stored.
    fn standing(&mut self, part: &Part, prefix: &[u8]) -> Result<Standing, AppendError> {
        let Part { aggregate, expected, events } = part;
        let unavailable = |source: sled::Error| AppendError::Unavailable {
            aggregate: aggregate.clone(),
            source: Box::new(source),
        };
        let duplicate = |sequence| AppendError::Duplicate { aggregate: aggregate.clone(), sequence };
        let known: Vec<_> = events.iter().filter_map(|event| self.known(event.fingerprint)).collect();
        if let (true, Some(&last)) = (known.len() == events.len(), known.last()) {
            // An event of another aggregate with the same id is not this one.
            return if self.has(prefix, last).map_err(unavailable)? {
                Ok(Standing::Stored(last))
            } else {
                Err(duplicate(last))
            };
        }
        let actual = self.head(prefix).map_err(unavailable)?;
        if actual != *expected {
            return match self.stored_after(prefix, *expected, events).map_err(unavailable)? {
                Some(last) => Ok(Standing::Stored(last)),
                None => {
                    Err(AppendError::Conflict { aggregate: aggregate.clone(), expected: *expected, actual })
                }
            };
        }
        known.first().map_or(Ok(Standing::New), |&sequence| Err(duplicate(sequence)))
    }

    fn stage_part(&mut self, part: &Part, prefix: Vec<u8>) {
        let stored_at = Timestamp::now();
        let Staged { batch, sequences, fingerprints } = &mut self.staged;
        for event in &part.events {
            self.last += 1;
            batch.insert(&event_key(self.last), encode(stored_at, event));
            batch.insert(aggregate_key(&prefix, self.last), &event.fingerprint.to_bytes());
            fingerprints.insert(event.fingerprint, self.last);
            sequences.entry(prefix.clone()).or_default().push(self.last);
        }
    }

    /// The sequence of an event that was stored not long ago.
    fn known(&self, event: Fingerprint) -> Option<u64> {
        self.staged.fingerprints.get(&event).copied().or_else(|| self.window.get(event))
    }

    /// Whether the event at `sequence` is the aggregate's.
    fn has(&self, prefix: &[u8], sequence: u64) -> sled::Result<bool> {
        let has = self.staged.sequences.get(prefix).is_some_and(|staged| staged.contains(&sequence));
        if has { Ok(true) } else { self.tree.contains_key(aggregate_key(prefix, sequence)) }
    }

    /// The sequence of the aggregate's last event.
    fn head(&mut self, prefix: &[u8]) -> sled::Result<u64> {
        let staged = self.staged.sequences.get(prefix).and_then(|sequences| sequences.last());
        if let Some(&head) = staged.or_else(|| self.heads.get(prefix)) {
            return Ok(head);
        }
        let last = self.tree.scan_prefix(prefix).keys().next_back().transpose()?;
        Ok(last.map_or(0, |key| sequence_of(&key)))
    }

    /// The sequence of the last event, if exactly these follow `expected`: the same append was stored
    /// before, however long ago.
    fn stored_after(&self, prefix: &[u8], expected: u64, events: &[NewEvent]) -> sled::Result<Option<u64>> {
        let (first, end) = (aggregate_key(prefix, expected + 1), aggregate_key(prefix, u64::MAX));
        let mut stored = self.tree.range(first..=end);
        let mut last = None;
        for event in events {
            match stored.next().transpose()? {
                Some((key, value)) if *value == event.fingerprint.to_bytes() => {
                    last = Some(sequence_of(&key))
                }
                _ => return Ok(None),
            }
        }
        Ok(last)
    }
}
