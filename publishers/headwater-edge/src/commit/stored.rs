use headwater_event::Aggregate;

/// Where events are stored: those of one request, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) events: Vec<StoredEvent>,
}

/// Where an event is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredEvent {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) event_type: String,
    pub(crate) aggregate: Aggregate,
    /// Its place in the stream, and so the version of its aggregate after it.
    pub(crate) sequence: u64,
    /// Whether it was there before.
    pub(crate) repeated: bool,
}

impl Stored {
    /// Whether nothing was stored this time.
    pub(crate) fn is_repeated(&self) -> bool {
        self.events.iter().all(|event| event.repeated)
    }

    /// The sequence of the last event.
    pub(crate) fn last(&self) -> u64 {
        self.events.iter().map(|event| event.sequence).max().unwrap_or(0)
    }

    /// The version of the aggregate, if the events are of one.
    pub(crate) fn version(&self) -> Option<u64> {
        let mut aggregates = self.events.iter().map(|event| &event.aggregate);
        let first = aggregates.next()?;
        aggregates.all(|other| other == first).then(|| self.last())
    }
}
