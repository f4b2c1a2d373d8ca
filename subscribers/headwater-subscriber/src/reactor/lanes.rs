use std::collections::{BTreeMap, HashMap, VecDeque};

use headwater_log::{ParkedLetter, WorkKey};

use super::lane::Job;

/// The lanes of all keys that have something to do, or that are parked.
#[derive(Default)]
pub(super) struct Lanes {
    by_key: HashMap<WorkKey, Lane>,
    /// How many keys are parked. It is counted as they change: to look at all of them for each letter takes too long.
    parked_keys: usize,
    letters: usize,
}

/// What there is to do for one key, one after another.
#[derive(Default)]
pub(super) struct Lane {
    jobs: VecDeque<Job>,
    /// What is parked, by the events' sequences. While there is anything, the key is parked.
    letters: BTreeMap<u64, ParkedLetter>,
    /// Whether a task works it off.
    is_running: bool,
}

impl Lanes {
    pub(super) fn get(&self, key: &WorkKey) -> Option<&Lane> {
        self.by_key.get(key)
    }

    /// Queues a job. Says whether a task has to be begun that works the lane off.
    pub(super) fn queue(&mut self, key: &WorkKey, job: Job) -> bool {
        let lane = self.by_key.entry(key.clone()).or_default();
        lane.jobs.push_back(job);
        !std::mem::replace(&mut lane.is_running, true)
    }

    /// The next job; none when the task that works the lane off is to end.
    pub(super) fn next_job(&mut self, key: &WorkKey) -> Option<Job> {
        let lane = self.by_key.get_mut(key)?;
        let job = lane.jobs.pop_front();
        if job.is_none() {
            lane.is_running = false;
            if lane.letters.is_empty() {
                self.by_key.remove(key);
            }
        }
        job
    }

    /// Parks an event, or replaces its letter.
    pub(super) fn park(&mut self, key: &WorkKey, parked: ParkedLetter) {
        let lane = self.by_key.entry(key.clone()).or_default();
        self.parked_keys += usize::from(lane.letters.is_empty());
        self.letters += usize::from(lane.letters.insert(parked.letter.sequence, parked).is_none());
    }

    /// Forgets a letter, which is gone.
    pub(super) fn forget(&mut self, key: &WorkKey, sequence: u64) {
        let Some(lane) = self.by_key.get_mut(key) else { return };
        if lane.letters.remove(&sequence).is_some() {
            self.letters -= 1;
            self.parked_keys -= usize::from(lane.letters.is_empty());
        }
    }

    /// The keys that are parked.
    pub(super) fn parked_keys(&self) -> impl Iterator<Item = &WorkKey> {
        self.by_key.iter().filter(|(_, lane)| !lane.letters.is_empty()).map(|(key, _)| key)
    }

    /// How many keys are parked, and how many letters they have.
    pub(super) fn parked(&self) -> (usize, usize) {
        (self.parked_keys, self.letters)
    }
}

impl Lane {
    /// The letter of the first event that is parked.
    pub(super) fn first_letter(&self) -> Option<&ParkedLetter> {
        self.letters.values().next()
    }

    pub(super) fn letter(&self, sequence: u64) -> Option<&ParkedLetter> {
        self.letters.get(&sequence)
    }
}

#[cfg(test)]
mod tests {
    use headwater_log::{Letter, Reason};
    use jiff::Timestamp;

    use super::*;

    fn key(id: u64) -> WorkKey {
        format!("orders.order.{id}").parse().unwrap()
    }

    fn parked(sequence: u64, attempts: u32) -> ParkedLetter {
        let letter = Letter {
            reactor: "receipts".to_owned(),
            handler_version: 1,
            key: key(1).to_string(),
            domain: "orders".to_owned(),
            sequence,
            event: None,
            source: None,
            event_type: None,
            reason: Reason::Failed,
            errors: Vec::new(),
            attempts,
            parked_at: Timestamp::UNIX_EPOCH,
        };
        ParkedLetter { place: sequence, letter }
    }

    #[test]
    fn letters_and_parked_keys_are_counted_as_they_change() {
        let mut lanes = Lanes::default();
        for (id, sequence) in [(1, 1), (1, 2), (2, 3)] {
            lanes.park(&key(id), parked(sequence, 1));
        }
        assert_eq!(lanes.parked(), (2, 3));
        // It is replaced.
        lanes.park(&key(1), parked(1, 2));
        assert_eq!((lanes.parked(), lanes.parked_keys().count()), ((2, 3), 2));
        assert_eq!(lanes.get(&key(1)).unwrap().first_letter(), Some(&parked(1, 2)));
        // What isn't there isn't counted twice.
        for (id, sequence) in [(1, 2), (1, 2), (2, 2), (3, 3), (2, 3)] {
            lanes.forget(&key(id), sequence);
        }
        assert_eq!((lanes.parked(), lanes.parked_keys().count()), ((1, 1), 1));
        lanes.forget(&key(1), 1);
        assert_eq!(lanes.parked(), (0, 0));
    }
}
