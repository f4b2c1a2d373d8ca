use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use headwater_event::Fingerprint;
use headwater_log::Checkpoint;
use jiff::Timestamp;

use crate::span::after;
use crate::store::Write;
use crate::{Order, Store, StoreError, StoreKind};

/// What is done, on this machine: an event that comes again after its effect was written down here isn't done again.
///
/// Between an effect and its record is a window that no reactor can close alone: after a crash in it the effect is done
/// again, with the same idempotency key. The record is small: everything up to a floor is done, and above it are as
/// many events as may be done ahead of the first one that isn't.
pub(super) struct Record {
    store: Arc<dyn Store>,
    done: Mutex<Done>,
}

#[derive(Default)]
struct Done {
    /// Everything up to here is done.
    floor: Option<Checkpoint>,
    /// What is done above it, and which events they are; none for what is no event.
    above: BTreeMap<u64, Option<Fingerprint>>,
    /// The letters whose effect is done, and that may not be removed yet.
    letters: BTreeSet<u64>,
}

/// What is written down.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry {
    /// The effect of an event in hand is done, or the event is parked.
    Event(u64, Option<Fingerprint>),
    /// The effect of a parked event is done.
    Letter(u64),
    /// Its letter is removed.
    Removed(u64),
    /// An event came again that is done already, so that the floor may rise.
    Again,
}

/// Of the stores, the one that can be opened again at whatever moment its process is killed. sled can't, now and then, when that is
/// while it is being opened.
const KIND: StoreKind = StoreKind::Fjall;

const FLOOR: &[u8] = b"\0floor";
const EVENT: &[u8] = b"\0done\0";
const LETTER: &[u8] = b"\0letter\0";

impl Record {
    /// Opens the record in its own directory, and creates it if it isn't there.
    pub(super) fn open(directory: &Path) -> Result<Self, StoreError> {
        let store = KIND.open(directory)?;
        let snapshot = store.snapshot()?;
        let mut done = Done::default();
        if let Some(bytes) = snapshot.get(FLOOR)? {
            let floor = serde_json::from_slice(&bytes).map_err(|source| StoreError::Decode {
                what: "the floor of what is done".to_owned(),
                source,
            })?;
            done.floor = Some(floor);
        }
        for entry in snapshot.range(EVENT..end(EVENT).as_slice(), Order::Ascending) {
            let (key, value) = entry?;
            let Some(sequence) = sequence(&key, EVENT) else { continue };
            done.above.insert(sequence, <[u8; 16]>::try_from(value).ok().map(Fingerprint::from_bytes));
        }
        for entry in snapshot.range(LETTER..end(LETTER).as_slice(), Order::Ascending) {
            done.letters.extend(sequence(&entry?.0, LETTER));
        }
        Ok(Self { store, done: Mutex::new(done) })
    }

    /// Up to where everything is done.
    pub(super) fn floor(&self) -> Option<Checkpoint> {
        self.lock().floor
    }

    pub(super) fn is_done(&self, sequence: u64, event: Option<Fingerprint>) -> bool {
        let done = self.lock();
        done.floor.is_some_and(|floor| sequence <= floor.sequence)
            || done.above.get(&sequence).is_some_and(|found| *found == event)
    }

    pub(super) fn is_letter_done(&self, sequence: u64) -> bool {
        self.lock().letters.contains(&sequence)
    }

    /// How many events are done above the floor.
    pub(super) fn ahead(&self) -> usize {
        self.lock().above.len()
    }

    /// Forgets everything: it was of another stream.
    pub(super) fn clear(&self) -> Result<(), StoreError> {
        let mut done = self.lock();
        let keys = done.above.keys().map(|sequence| key(EVENT, *sequence));
        let letters = done.letters.iter().map(|sequence| key(LETTER, *sequence));
        let writes = keys.chain(letters).chain([FLOOR.to_vec()]).map(|key| Write { key, value: None });
        self.store.commit(writes.collect())?;
        self.store.flush()?;
        *done = Done::default();
        Ok(())
    }

    /// Writes down what is done, durably. `open` is the lowest event that isn't; it may not have come yet, although later ones were
    /// done before a restart.
    pub(super) fn write(&self, entries: &[Entry], open: u64, created: Timestamp) -> Result<(), StoreError> {
        let mut writes = BTreeMap::new();
        let (mut above, mut letters) = (Vec::new(), Vec::new());
        for entry in entries {
            match entry {
                Entry::Event(sequence, event) => {
                    let value = event.map_or(Vec::new(), |event| event.to_bytes().to_vec());
                    writes.insert(key(EVENT, *sequence), Some(value));
                    above.push((*sequence, *event));
                }
                Entry::Letter(sequence) => {
                    writes.insert(key(LETTER, *sequence), Some(Vec::new()));
                    letters.push((*sequence, true));
                }
                Entry::Removed(sequence) => {
                    writes.insert(key(LETTER, *sequence), None);
                    letters.push((*sequence, false));
                }
                Entry::Again => {}
            }
        }
        let floor = self.next_floor(&above, open, created);
        if let Some(floor) = &floor {
            let json = serde_json::to_vec(floor).map_err(|source| StoreError::Encode { source })?;
            writes.insert(FLOOR.to_vec(), Some(json));
            let below = self.lock().above.range(..=floor.sequence).map(|(done, _)| *done).collect::<Vec<_>>();
            let now = above.iter().map(|(done, _)| *done).filter(|done| *done <= floor.sequence);
            writes.extend(below.into_iter().chain(now).map(|done| (key(EVENT, done), None)));
        }
        if writes.is_empty() {
            return Ok(());
        }
        let writes = writes.into_iter().map(|(key, value)| Write { key, value }).collect();
        self.store.commit(writes)?;
        // Whoever is told that an event is done may rely on it after a crash.
        self.store.flush()?;
        let mut done = self.lock();
        done.above.extend(above);
        if let Some(floor) = floor {
            done.above = done.above.split_off(&(floor.sequence + 1));
            done.floor = Some(floor);
        }
        for (letter, is_done) in letters {
            if is_done {
                done.letters.insert(letter)
            } else {
                done.letters.remove(&letter)
            };
        }
        Ok(())
    }

    /// The highest event below all that are open, and whose name is known.
    fn next_floor(
        &self,
        now: &[(u64, Option<Fingerprint>)],
        open: u64,
        created: Timestamp,
    ) -> Option<Checkpoint> {
        let done = self.lock();
        let known = done.above.iter().map(|(sequence, event)| (*sequence, *event)).chain(now.iter().copied());
        let floor = known
            .filter(|(sequence, _)| *sequence < open)
            .filter_map(|(sequence, event)| Some(Checkpoint { created, sequence, event: event? }))
            .max_by_key(|floor| floor.sequence)?;
        (done.floor.is_none_or(|before| before.sequence < floor.sequence)).then_some(floor)
    }

    /// A panic while the lock is held can't leave it half-changed in a way that calls something done that isn't.
    fn lock(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key(kind: &[u8], sequence: u64) -> Vec<u8> {
    [kind, &sequence.to_be_bytes()].concat()
}

fn sequence(key: &[u8], kind: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.strip_prefix(kind)?.try_into().ok()?))
}

fn end(kind: &[u8]) -> Vec<u8> {
    after(key(kind, u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(sequence: u64) -> Option<Fingerprint> {
        Some(Fingerprint::new("/shop", &sequence.to_string()))
    }

    fn entries(sequences: &[u64]) -> Vec<Entry> {
        sequences.iter().map(|&sequence| Entry::Event(sequence, event(sequence))).collect()
    }

    #[test]
    fn what_was_written_is_known_after_a_restart_and_what_is_below_the_floor_takes_no_room() {
        let directory = tempfile::TempDir::new().unwrap();
        let record = Record::open(&directory.path().join("record")).unwrap();
        record.write(&entries(&[3, 5, 6]), 4, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((record.floor().unwrap().sequence, record.ahead()), (3, 2));
        record.write(&[Entry::Letter(2)], 4, Timestamp::UNIX_EPOCH).unwrap();
        drop(record);

        let record = Record::open(&directory.path().join("record")).unwrap();
        assert_eq!((record.floor().unwrap().sequence, record.ahead()), (3, 2));
        for (sequence, done) in [(1, true), (3, true), (4, false), (5, true), (6, true), (7, false)] {
            assert_eq!(record.is_done(sequence, event(sequence)), done, "{sequence}");
        }
        assert!(!record.is_done(5, event(50)), "another event at that place");
        assert!(record.is_letter_done(2));
        record.write(&entries(&[4]), 7, Timestamp::UNIX_EPOCH).unwrap();
        record.write(&[Entry::Removed(2)], 7, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((record.floor().unwrap().sequence, record.ahead()), (6, 0));
        drop(record);

        let record = Record::open(&directory.path().join("record")).unwrap();
        assert_eq!((record.floor().unwrap().sequence, record.ahead()), (6, 0));
        assert!(!record.is_letter_done(2));
        record.clear().unwrap();
        drop(record);
        assert!(Record::open(&directory.path().join("record")).unwrap().floor().is_none());
    }

    #[test]
    fn what_is_no_event_is_done_and_never_the_floor() {
        let directory = tempfile::TempDir::new().unwrap();
        let record = Record::open(&directory.path().join("record")).unwrap();
        record.write(&[Entry::Event(1, None)], 2, Timestamp::UNIX_EPOCH).unwrap();
        assert!(record.is_done(1, None));
        assert!(record.floor().is_none());
        record.write(&entries(&[2]), 3, Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!((record.floor().unwrap().sequence, record.ahead()), (2, 0));
        assert!(record.is_done(1, None));
    }
}
