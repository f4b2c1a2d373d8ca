use std::collections::VecDeque;

use headwater_event::{Domain, Fingerprint};
use tokio::time::Instant;

use crate::ReadError;
use crate::jetstream::broker::Broker;

/// How many events are read at a time.
const PAGE: usize = 1000;

/// A way through what is stored, to find the events of a load again.
///
/// A load stores its events in their order and leaves none out, so one look at each stored event finds them all:
/// who isn't found before the end isn't stored, and neither is any event after it.
#[derive(Debug)]
pub(super) struct Walk {
    next: u64,
    until: u64,
    page: VecDeque<(u64, Fingerprint)>,
}

impl Walk {
    /// From the sequence `next` to `until`, which is stored.
    pub(super) fn new(next: u64, until: u64) -> Self {
        Self { next, until, page: VecDeque::new() }
    }

    /// Goes on to the event, and returns its sequence; none at the end of the way.
    pub(super) async fn find(
        &mut self,
        broker: &Broker,
        domain: &Domain,
        event: Fingerprint,
        deadline: Instant,
    ) -> Result<Option<u64>, ReadError> {
        loop {
            while let Some((sequence, stored)) = self.page.pop_front() {
                if stored == event {
                    return Ok(Some(sequence));
                }
            }
            if self.next > self.until {
                return Ok(None);
            }
            let at_least = self.until.min(self.next + PAGE as u64 - 1);
            let stored = broker.get(domain, &domain.subjects(), self.next, PAGE, at_least, deadline).await?;
            let known = stored.iter().map(|event| (event.sequence, event.envelope.fingerprint()));
            self.page.extend(known.take_while(|(sequence, _)| *sequence <= self.until));
            self.next = stored.last().map_or(at_least, |event| event.sequence) + 1;
        }
    }
}
