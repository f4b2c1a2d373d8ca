use std::collections::HashMap;
use std::num::NonZeroUsize;

use headwater_event::{Aggregate, Fingerprint};
use jiff::Timestamp;
use lru::LruCache;
use sled::{Batch, Tree};
use tokio::sync::watch;

use super::record::{aggregate_key, aggregate_prefix, encode, event_key, sequence_of};
use super::window::DuplicateWindow;
use crate::append::{Decision, NewEvent, Part, Stored, decide};
use crate::{AppendError, Appended};

/// What appends to one stream: first it stages, then it applies, and after the flush it shows.
pub(super) struct Appender {
    tree: Tree,
    last: u64,
    window: DuplicateWindow,
    /// The versions of the aggregates that were written last; the others' are looked up.
    heads: LruCache<Aggregate, u64>,
    visible: watch::Sender<u64>,
    staged: Staged,
}

/// What will be stored together.
#[derive(Default)]
struct Staged {
    batch: Batch,
    /// The sequences of the aggregates' events.
    sequences: HashMap<Aggregate, Vec<u64>>,
    fingerprints: HashMap<Fingerprint, u64>,
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
        for (aggregate, sequences) in self.staged.sequences.drain() {
            if let Some(head) = sequences.last() {
                self.heads.put(aggregate, *head);
            }
        }
        self.visible.send_replace(self.last);
    }

    /// Decides whether a commit can be stored, and stages all its events if so.
    pub(super) fn stage(&mut self, parts: &[Part]) -> Result<Appended, AppendError> {
        match decide(self, parts)? {
            Decision::Stored { last } => Ok(Appended { last, duplicate: true }),
            Decision::Store => {
                parts.iter().for_each(|part| self.stage_part(part));
                Ok(Appended { last: self.last, duplicate: false })
            }
        }
    }

    fn stage_part(&mut self, part: &Part) {
        let stored_at = Timestamp::now();
        let prefix = aggregate_prefix(&part.aggregate);
        let Staged { batch, sequences, fingerprints } = &mut self.staged;
        let sequences = sequences.entry(part.aggregate.clone()).or_default();
        for event in &part.events {
            self.last += 1;
            batch.insert(&event_key(self.last), encode(stored_at, event));
            batch.insert(aggregate_key(&prefix, self.last), &event.fingerprint.to_bytes());
            fingerprints.insert(event.fingerprint, self.last);
            sequences.push(self.last);
        }
    }
}

impl Stored for Appender {
    type Error = sled::Error;

    fn known(&self, event: Fingerprint) -> Option<u64> {
        self.staged.fingerprints.get(&event).copied().or_else(|| self.window.get(event))
    }

    fn has(&self, aggregate: &Aggregate, sequence: u64) -> sled::Result<bool> {
        let has = self.staged.sequences.get(aggregate).is_some_and(|staged| staged.contains(&sequence));
        let stored = || self.tree.contains_key(aggregate_key(&aggregate_prefix(aggregate), sequence));
        if has { Ok(true) } else { stored() }
    }

    fn version(&mut self, aggregate: &Aggregate) -> sled::Result<u64> {
        let staged = self.staged.sequences.get(aggregate).and_then(|sequences| sequences.last());
        if let Some(&head) = staged.or_else(|| self.heads.get(aggregate)) {
            return Ok(head);
        }
        let last = self.tree.scan_prefix(aggregate_prefix(aggregate)).keys().next_back().transpose()?;
        Ok(last.map_or(0, |key| sequence_of(&key)))
    }

    fn stored_after(
        &self,
        aggregate: &Aggregate,
        expected: u64,
        events: &[NewEvent],
    ) -> sled::Result<Option<u64>> {
        let prefix = aggregate_prefix(aggregate);
        let (first, end) = (aggregate_key(&prefix, expected + 1), aggregate_key(&prefix, u64::MAX));
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
