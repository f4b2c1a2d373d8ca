use headwater_event::{CommandContext, Envelope, EventSet};
use headwater_log::StoredEvent;
use jiff::{SignedDuration, Timestamp};

/// An event that has happened before a test begins.
pub struct Given {
    time: Option<Timestamp>,
    envelope: Box<dyn FnOnce(CommandContext, Timestamp) -> Envelope>,
}

impl Given {
    /// The event, which happened at `time`.
    pub fn at(time: Timestamp, event: impl EventSet) -> Self {
        Self { time: Some(time), ..Self::from(event) }
    }

    /// The event as the log keeps it.
    pub(super) fn stored(self, sequence: u64) -> StoredEvent {
        // A time that is plain to see and the same in every run.
        let stored_at = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(sequence.cast_signed());
        let command = CommandContext::new(format!("given-{sequence}"));
        let envelope = (self.envelope)(command, self.time.unwrap_or(stored_at));
        StoredEvent { sequence, stored_at, envelope }
    }
}

/// An event, an enum of events, or an event in an older version, which happened at no special time.
impl<E: EventSet> From<E> for Given {
    fn from(event: E) -> Self {
        let envelope = move |command: CommandContext, time| {
            command.envelope(&event, 0, "/testkit", time).expect("the event has an envelope")
        };
        Self { time: None, envelope: Box::new(envelope) }
    }
}
