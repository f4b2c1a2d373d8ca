use std::time::Duration;

use headwater_event::EventFilter;
use headwater_log::{Log, ReadError, StoredEvent};
use jiff::Timestamp;
use tokio::time::Instant;

/// Looks for the oldest event of a stream that is yet to take effect. Events that nobody wants are passed over once.
pub(crate) struct Oldest {
    log: Log,
    filter: EventFilter,
    /// Up to where everything that is wanted has taken effect.
    done: u64,
    /// Up to where nothing is wanted that hasn't.
    scanned: u64,
    behind_since: Option<Instant>,
}

/// How many events are read at once in search of one that is wanted, first and later.
const FIRST_READ: usize = 8;
const NEXT_READ: usize = 1000;

/// How long that search may take; the next one goes on where it ended.
const SEARCH: Duration = Duration::from_secs(2);

impl Oldest {
    /// Of the events that `filter` wants.
    pub(crate) fn new(log: Log, filter: EventFilter) -> Self {
        Self { log, filter, done: 0, scanned: 0, behind_since: None }
    }

    /// Everything up to this sequence has taken effect. It may be lower than before, when that is known no more.
    pub(crate) fn done_up_to(&mut self, sequence: u64) {
        self.scanned = if sequence < self.done { sequence } else { self.scanned.max(sequence) };
        self.done = sequence;
    }

    /// Nothing is behind.
    pub(crate) fn caught_up(&mut self) {
        self.behind_since = None;
    }

    /// Up to which sequence nothing is wanted that hasn't taken effect.
    pub(crate) fn scanned(&self) -> u64 {
        self.scanned
    }

    /// When the log stored the oldest event up to `last` that is yet to take effect, or one before it; `None` when there is
    /// none, or when it can't be read.
    ///
    /// # Errors
    ///
    /// [`ReadError`] when the log can't be read.
    pub(crate) async fn stored_at(&mut self, last: u64) -> Result<Option<Timestamp>, ReadError> {
        let domain = self.filter.domain().clone();
        let mut oldest = None;
        let mut max = FIRST_READ;
        let begun = Instant::now();
        while begun.elapsed() < SEARCH && self.scanned < last {
            let events = match self.log.read(&domain, self.scanned + 1, max).await {
                // A projection will halt there, or passes it over; in either case it isn't there yet.
                Err(error) if error.is_malformed() => break,
                events => events?,
            };
            let Some(last) = events.last() else { break };
            oldest = Some(last.stored_at);
            if let Some(wanted) = events.iter().find(|event| self.wants(event)) {
                self.scanned = wanted.sequence - 1;
                oldest = Some(wanted.stored_at);
                break;
            }
            self.scanned = last.sequence;
            max = NEXT_READ;
        }
        Ok(oldest)
    }

    /// How long something has been behind whose oldest event was stored then.
    pub(crate) fn age(&mut self, oldest: Option<Timestamp>) -> Duration {
        let since = *self.behind_since.get_or_insert_with(Instant::now);
        oldest.map_or(since.elapsed(), |oldest| {
            Duration::try_from(Timestamp::now().duration_since(oldest)).unwrap_or_default()
        })
    }

    fn wants(&self, event: &StoredEvent) -> bool {
        // What can't be told is what the projection will halt at, and the reactor will park.
        event.envelope.event_type().map_or(true, |kind| {
            self.filter.matches(&format!("evt.{}.{}.{}._", kind.domain, kind.aggregate, kind.name))
        })
    }
}
