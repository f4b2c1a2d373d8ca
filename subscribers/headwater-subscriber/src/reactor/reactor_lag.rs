use std::sync::Arc;

use headwater_event::EventFilter;
use headwater_log::{JetStreamLog, ReadError};

use crate::http::{Asks, Behind, Oldest};

/// How far a reactor is behind its stream, as the broker knows it: the same for all its instances.
pub(super) struct ReactorLag {
    name: &'static str,
    log: Arc<JetStreamLog>,
    filter: EventFilter,
    oldest: Oldest,
}

impl ReactorLag {
    pub(super) fn new(name: &'static str, log: Arc<JetStreamLog>, filter: EventFilter) -> Self {
        let oldest = Oldest::new(log.clone(), filter.clone());
        Self { name, log, filter, oldest }
    }
}

impl Asks for ReactorLag {
    async fn behind(&mut self) -> Result<Option<Behind>, ReadError> {
        let Some(backlog) = self.log.backlog(self.name, self.filter.domain()).await? else { return Ok(None) };
        if backlog.events() == 0 {
            self.oldest.caught_up();
            return Ok(Some(Behind::NOTHING));
        }
        self.oldest.done_up_to(backlog.acknowledged);
        // The broker says that there is one.
        let stored_at = self.oldest.stored_at(u64::MAX).await?;
        Ok(Some(Behind { events: backlog.events(), age: self.oldest.age(stored_at) }))
    }
}
