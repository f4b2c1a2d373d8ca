use headwater_event::{Aggregate, Envelope};
use headwater_log::Append;
use tokio::sync::OwnedMutexGuard;

use super::group::Group;
use super::history::History;
use super::stored::StoredEvent;

/// The events of one aggregate whose turn it is: nobody else in this process appends to it meanwhile.
#[derive(Debug)]
pub(super) struct Turn {
    group: Group,
    pub(super) history: OwnedMutexGuard<History>,
    /// An event of the aggregate that is known to be stored, so that a server which lags isn't believed.
    pub(super) at_least: u64,
    /// Whether the log knows more than the history does.
    pub(super) is_behind: bool,
}

impl Turn {
    pub(super) fn new(group: Group, history: OwnedMutexGuard<History>) -> Self {
        let is_behind = !history.is_loaded();
        Self { group, history, at_least: 0, is_behind }
    }

    pub(super) fn aggregate(&self) -> &Aggregate {
        &self.group.aggregate
    }

    /// The aggregate has this version, whatever the history says.
    pub(super) fn learn(&mut self, actual: u64) {
        if actual < self.history.version() {
            self.history.forget();
        }
        self.at_least = actual;
        self.is_behind = true;
    }

    /// The events that are stored, and where.
    pub(super) fn known(&self) -> impl Iterator<Item = (&Envelope, u64)> {
        self.group
            .events
            .iter()
            .filter_map(|(_, event)| Some((event, self.history.sequence_of(event.fingerprint())?)))
    }

    fn fresh(&self) -> impl Iterator<Item = &(usize, Envelope)> {
        self.group.events.iter().filter(|(_, event)| self.history.sequence_of(event.fingerprint()).is_none())
    }

    /// What is to be appended; nothing when all is stored.
    pub(super) fn append(&self) -> Option<Append> {
        let events: Vec<_> = self.fresh().map(|(_, event)| event.clone()).collect();
        let (aggregate, expected) = (self.group.aggregate.clone(), self.history.version());
        (!events.is_empty()).then_some(Append { aggregate, expected, events })
    }

    /// How many events are to be appended.
    pub(super) fn fresh_count(&self) -> u64 {
        self.fresh().count() as u64
    }

    /// Takes in that what was to be appended is stored, from the sequence `first` on. Returns every event of the request
    /// with its place there.
    pub(super) fn finish(&mut self, first: u64) -> Vec<(usize, StoredEvent)> {
        let mut next = first;
        let Self { group, history, .. } = self;
        let mut finished = Vec::with_capacity(group.events.len());
        for (index, event) in &group.events {
            let known = history.sequence_of(event.fingerprint());
            let sequence = known.unwrap_or(next);
            if known.is_none() {
                history.push(event.fingerprint(), sequence);
                next += 1;
            }
            let stored = StoredEvent {
                id: event.id().to_owned(),
                source: event.source().to_owned(),
                event_type: event.type_name().to_owned(),
                aggregate: group.aggregate.clone(),
                sequence,
                repeated: known.is_some(),
            };
            finished.push((*index, stored));
        }
        finished
    }
}
