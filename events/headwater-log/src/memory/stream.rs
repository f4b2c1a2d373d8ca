use std::collections::HashMap;
use std::convert::Infallible;

use headwater_event::{Aggregate, Domain, EventFilter, Fingerprint};
use jiff::Timestamp;

use crate::append::{Decision, NewEvent, Part, Stored, decide};
use crate::{AppendError, Appended, StoredEvent, StreamInfo};

/// The events of one domain.
#[derive(Debug)]
pub(super) struct MemoryStream {
    pub(super) domain: Domain,
    pub(super) created: Timestamp,
    /// Whether the stream was deleted under its readers.
    pub(super) lost: bool,
    /// By sequence. Those of a recording may have gaps between them.
    events: Vec<Record>,
    /// The sequences of each aggregate's events.
    aggregates: HashMap<Aggregate, Vec<u64>>,
    sequences: HashMap<Fingerprint, u64>,
}

#[derive(Debug)]
struct Record {
    subject: String,
    fingerprint: Fingerprint,
    stored: StoredEvent,
}

impl MemoryStream {
    pub(super) fn new(domain: Domain, created: Timestamp) -> Self {
        Self {
            domain,
            created,
            lost: false,
            events: Vec::new(),
            aggregates: HashMap::new(),
            sequences: HashMap::new(),
        }
    }

    pub(super) fn info(&self) -> StreamInfo {
        let Self { domain, created, .. } = self;
        StreamInfo { domain: domain.clone(), created: *created, last: self.last(), replicas: 1 }
    }

    /// The sequence of the last event.
    pub(super) fn last(&self) -> u64 {
        self.events.last().map_or(0, |record| record.stored.sequence)
    }

    /// Stores a commit, if it can be.
    pub(super) fn commit(&mut self, parts: Vec<Part>, now: Timestamp) -> Result<Appended, AppendError> {
        if let Decision::Stored { last } = decide(self, &parts)? {
            return Ok(Appended { last, duplicate: true });
        }
        for Part { aggregate, events, .. } in parts {
            for NewEvent { envelope, .. } in events {
                let stored = StoredEvent { sequence: self.last() + 1, stored_at: now, envelope };
                self.push(&aggregate, stored);
            }
        }
        Ok(Appended { last: self.last(), duplicate: false })
    }

    /// Takes an event as it is. Its sequence is higher than the last one's.
    pub(super) fn push(&mut self, aggregate: &Aggregate, stored: StoredEvent) {
        let fingerprint = stored.envelope.fingerprint();
        // What has no event type of ours was refused before it came here.
        let name = stored.envelope.event_type().map_or("", |event_type| event_type.name);
        let subject = aggregate.subject(name);
        self.sequences.insert(fingerprint, stored.sequence);
        self.aggregates.entry(aggregate.clone()).or_default().push(stored.sequence);
        self.events.push(Record { subject, fingerprint, stored });
    }

    /// All events from the sequence `from` on.
    pub(super) fn read(&self, from: u64) -> impl Iterator<Item = &StoredEvent> {
        self.records(from).iter().map(|record| &record.stored)
    }

    /// The first event from the sequence `from` on that `filter` wants.
    pub(super) fn next(&self, from: u64, filter: &EventFilter) -> Option<&StoredEvent> {
        let wanted = self.records(from).iter().find(|record| filter.matches(&record.subject))?;
        Some(&wanted.stored)
    }

    /// Up to `max` events of an aggregate from the sequence `from` on.
    pub(super) fn load(&self, aggregate: &Aggregate, from: u64, max: usize) -> Vec<StoredEvent> {
        self.records_of(aggregate, from).take(max).map(|record| record.stored.clone()).collect()
    }

    /// The last event of an aggregate.
    pub(super) fn last_of(&self, aggregate: &Aggregate) -> Option<&StoredEvent> {
        let last = self.aggregates.get(aggregate)?.last()?;
        self.read(*last).next()
    }

    fn records(&self, from: u64) -> &[Record] {
        &self.events[self.events.partition_point(|record| record.stored.sequence < from)..]
    }

    fn records_of(&self, aggregate: &Aggregate, from: u64) -> impl Iterator<Item = &Record> {
        let sequences = self.aggregates.get(aggregate).map_or(&[][..], Vec::as_slice);
        let first = sequences.partition_point(|&sequence| sequence < from);
        sequences[first..].iter().filter_map(|&sequence| self.records(sequence).first())
    }
}

impl Stored for MemoryStream {
    type Error = Infallible;

    fn known(&self, event: Fingerprint) -> Option<u64> {
        self.sequences.get(&event).copied()
    }

    fn has(&self, aggregate: &Aggregate, sequence: u64) -> Result<bool, Infallible> {
        let sequences = self.aggregates.get(aggregate);
        Ok(sequences.is_some_and(|sequences| sequences.binary_search(&sequence).is_ok()))
    }

    fn version(&mut self, aggregate: &Aggregate) -> Result<u64, Infallible> {
        Ok(self.aggregates.get(aggregate).and_then(|sequences| sequences.last()).copied().unwrap_or_default())
    }

    fn stored_after(
        &self,
        aggregate: &Aggregate,
        expected: u64,
        events: &[NewEvent],
    ) -> Result<Option<u64>, Infallible> {
        let stored: Vec<_> = self.records_of(aggregate, expected + 1).take(events.len()).collect();
        let same = stored.iter().map(|record| record.fingerprint);
        let same = same.eq(events.iter().map(|event| event.fingerprint));
        Ok(stored.last().filter(|_| same).map(|record| record.stored.sequence))
    }
}
