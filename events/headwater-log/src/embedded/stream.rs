use std::io;

use headwater_event::{Aggregate, Domain, EventFilter};
use jiff::Timestamp;
use sled::{Db, Tree};
use tokio::sync::watch;

use super::appender::Appender;
use super::log::EmbeddedError;
use super::record::{
    CREATED, aggregate_key, aggregate_prefix, decode, event_key, fingerprint, sequence_of, subject,
};
use super::window::DuplicateWindow;
use crate::{ReadError, StoredEvent, StreamInfo};

/// The events of one domain that readers may see. Cloning is cheap.
#[derive(Clone)]
pub(super) struct StreamReader {
    pub(super) domain: Domain,
    pub(super) created: Timestamp,
    tree: Tree,
    pub(super) visible: watch::Receiver<u64>,
}

impl StreamReader {
    /// Opens a stream, and creates it if it isn't there: what reads it, and what appends to it.
    pub(super) fn open(db: &Db, domain: &Domain) -> Result<(Self, Appender), EmbeddedError> {
        let tree = db.open_tree(domain.stream())?;
        let created = created(db, &tree)?;
        let last = tree.scan_prefix(b"e").keys().next_back().transpose()?.map_or(0, |key| sequence_of(&key));
        let mut window = DuplicateWindow::default();
        let first = last.saturating_sub(DuplicateWindow::EVENTS) + 1;
        for entry in tree.range(event_key(first)..=event_key(last)) {
            let (key, record) = entry?;
            // What can't be read can't be a retry's twin; readers report it.
            if let Some(event) = fingerprint(&record) {
                window.insert(event, sequence_of(&key));
            }
        }
        let (visible, readers) = watch::channel(last);
        let appender = Appender::new(tree.clone(), last, window, visible);
        Ok((Self { domain: domain.clone(), created, tree, visible: readers }, appender))
    }

    pub(super) fn info(&self) -> StreamInfo {
        StreamInfo { domain: self.domain.clone(), created: self.created, last: self.last(), replicas: 1 }
    }

    /// The last sequence that readers may see.
    pub(super) fn last(&self) -> u64 {
        *self.visible.borrow()
    }

    /// Up to `max` events from `from` to `to` that `wanted` takes, and the sequence after the last one
    /// that was looked at.
    pub(super) fn read(
        &self,
        from: u64,
        to: u64,
        max: usize,
        wanted: Option<&EventFilter>,
    ) -> (Vec<Result<StoredEvent, ReadError>>, u64) {
        let mut events = Vec::new();
        let mut next = from;
        if from > to || max == 0 {
            return (events, next);
        }
        for entry in self.tree.range(event_key(from)..=event_key(to)) {
            let event = match entry {
                Ok((key, record)) => {
                    let sequence = sequence_of(&key);
                    next = sequence + 1;
                    if wanted.is_some_and(|filter| !filter.matches(subject(&record))) {
                        continue;
                    }
                    decode(&self.domain, sequence, &record)
                }
                Err(error) => Err(ReadError::unavailable(&self.domain, error)),
            };
            let failed = event.as_ref().is_err_and(ReadError::is_unavailable);
            events.push(event);
            if failed || events.len() == max {
                return (events, next);
            }
        }
        (events, next)
    }

    /// Up to `max` events of an aggregate that readers may see, from a sequence on.
    pub(super) fn load(
        &self,
        aggregate: &Aggregate,
        from: u64,
        max: usize,
    ) -> Result<Vec<StoredEvent>, ReadError> {
        self.sequences(aggregate, from).take(max).map(|sequence| self.get(sequence?)).collect()
    }

    /// The last event of an aggregate that readers may see.
    pub(super) fn last_of(&self, aggregate: &Aggregate) -> Result<Option<StoredEvent>, ReadError> {
        self.sequences(aggregate, 1).next_back().map(|sequence| self.get(sequence?)).transpose()
    }

    /// Where an aggregate's events are stored that readers may see, from a sequence on.
    fn sequences(
        &self,
        aggregate: &Aggregate,
        from: u64,
    ) -> impl DoubleEndedIterator<Item = Result<u64, ReadError>> {
        let prefix = aggregate_prefix(aggregate);
        let (first, last) = (aggregate_key(&prefix, from), aggregate_key(&prefix, self.last()));
        let keys = (first <= last).then(|| self.tree.range(first..=last).keys());
        keys.into_iter().flatten().map(|key| {
            key.map(|key| sequence_of(&key)).map_err(|error| ReadError::unavailable(&self.domain, error))
        })
    }

    fn get(&self, sequence: u64) -> Result<StoredEvent, ReadError> {
        let record = self.tree.get(event_key(sequence));
        let record = record.map_err(|error| ReadError::unavailable(&self.domain, error))?;
        let record = record.ok_or_else(|| {
            ReadError::unavailable(&self.domain, format!("the record of sequence {sequence} is missing"))
        })?;
        decode(&self.domain, sequence, &record)
    }
}

fn created(db: &Db, tree: &Tree) -> Result<Timestamp, EmbeddedError> {
    if let Some(bytes) = tree.get(CREATED)? {
        let nanos = bytes.as_ref().try_into().map(i128::from_be_bytes).ok();
        let created = nanos.and_then(|nanos| Timestamp::from_nanosecond(nanos).ok());
        return created.ok_or_else(|| {
            let corrupt = "the time at which the stream was created is corrupt";
            EmbeddedError::from(io::Error::new(io::ErrorKind::InvalidData, corrupt))
        });
    }
    let now = Timestamp::now();
    tree.insert(CREATED, &now.as_nanosecond().to_be_bytes())?;
    db.flush()?;
    Ok(now)
}
