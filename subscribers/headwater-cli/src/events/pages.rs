use headwater_event::Domain;
use headwater_log::{Log, ReadError, StoredEvent};

/// How many events are read at once.
pub(super) const EVENTS_PER_PAGE: u64 = 1000;

/// What a stream holds from one sequence to another, read page by page: events, and what isn't one.
pub(super) struct Pages<'a> {
    log: &'a Log,
    domain: &'a Domain,
    next: u64,
    last: u64,
}

impl<'a> Pages<'a> {
    pub(super) fn new(log: &'a Log, domain: &'a Domain, first: u64, last: u64) -> Self {
        Self { log, domain, next: first.max(1), last }
    }

    /// The next page; an empty one is the end. Each error in it is of one malformed message.
    pub(super) async fn next(&mut self) -> Result<Vec<Result<StoredEvent, ReadError>>, ReadError> {
        if self.next > self.last {
            return Ok(Vec::new());
        }
        match self.read((self.last - self.next + 1).min(EVENTS_PER_PAGE)).await {
            Ok(events) => {
                self.next = events.last().map_or(self.last, |event| event.sequence) + 1;
                Ok(events.into_iter().map(Ok).collect())
            }
            // The log reads all or nothing, so what is before it is read once more.
            Err(ReadError::Malformed { domain, sequence, source }) => {
                let before = match sequence.saturating_sub(self.next) {
                    0 => Vec::new(),
                    events => self.read(events).await?,
                };
                self.next = sequence + 1;
                let malformed = ReadError::Malformed { domain, sequence, source };
                Ok(before.into_iter().map(Ok).chain([Err(malformed)]).collect())
            }
            Err(error) => Err(error),
        }
    }

    async fn read(&self, events: u64) -> Result<Vec<StoredEvent>, ReadError> {
        self.log.read(self.domain, self.next, usize::try_from(events).unwrap_or(usize::MAX)).await
    }
}
