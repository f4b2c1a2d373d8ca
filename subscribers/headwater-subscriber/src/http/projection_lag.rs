use std::sync::Arc;

use headwater_event::{Domain, EventFilter};
use headwater_log::{Log, ReadError};

use super::lag::{Asks, Behind};
use super::oldest::Oldest;
use super::passed::Passed;
use super::source::Source;

/// How far a projection is behind one of its streams.
pub(super) struct ProjectionLag {
    source: Arc<Source>,
    log: Log,
    domain: Domain,
    oldest: Oldest,
}

impl ProjectionLag {
    pub(super) fn new(source: Arc<Source>, log: Log, filter: EventFilter) -> Self {
        let domain = filter.domain().clone();
        Self { source, oldest: Oldest::new(Arc::clone(&log), filter), log, domain }
    }

    fn position(&self) -> u64 {
        self.source.position.borrow().of(self.domain.as_str())
    }
}

impl Asks for ProjectionLag {
    async fn behind(&mut self) -> Result<Option<Behind>, ReadError> {
        if self.source.is_standby() {
            self.source.lag.is_elsewhere(&self.domain);
            return Ok(None);
        }
        let position = self.position();
        let commits = &self.source.commits;
        if commits.clock().is_none() && position > 0 {
            // An earlier process has applied it.
            if let Some(last) = self.log.read(&self.domain, position, 1).await?.first() {
                commits.set_clock(last.envelope.time().unwrap_or(last.stored_at));
            }
        }
        let last = match self.log.info(&self.domain).await {
            // Nobody has published anything yet.
            Err(ReadError::NoStream { .. }) if position == 0 => 0,
            info => info?.last,
        };
        // Read again, because the projection goes on meanwhile.
        self.oldest.done_up_to(self.position());
        let stored_at = self.oldest.stored_at(last).await?;
        let position = self.position();
        self.oldest.done_up_to(position);
        self.source.passed.tell(&self.domain, Passed { from: position, to: self.oldest.scanned() });
        let events = last.saturating_sub(self.oldest.scanned());
        if events == 0 {
            self.oldest.caught_up();
            return Ok(Some(Behind::NOTHING));
        }
        Ok(Some(Behind { events, age: self.oldest.age(stored_at) }))
    }
}
