use std::fmt;

use headwater_event::{Envelope, EventSet};
use headwater_log::{Recording, StoredEvent};
use jiff::Timestamp;

/// What has happened to an aggregate: where a test begins, and what is worth keeping when it fails.
pub(super) struct History<E> {
    pub(super) events: Vec<E>,
    /// What the events were read from.
    pub(super) recording: Option<Recording>,
}

impl<E: EventSet> History<E> {
    /// The history as lines, and after them what was decided, if events were.
    pub(super) fn recorded(&self, decided: &[E]) -> Recorded {
        let recording = match &self.recording {
            Some(recording) => Ok(recording.clone()),
            None => record(&self.events, 1, "given"),
        };
        let next = recording.iter().flat_map(Recording::events).last().map_or(1, |event| event.sequence + 1);
        Recorded { history: recording, decided: record(decided, next, "decided") }
    }
}

/// A case as text: what was given, and what was decided.
pub(super) struct Recorded {
    history: Result<Recording, String>,
    decided: Result<Recording, String>,
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section =
            |f: &mut fmt::Formatter<'_>, title: &str, events: &Result<Recording, String>| match events {
                Ok(recording) if recording.events().next().is_none() => Ok(()),
                Ok(recording) => write!(f, "{title}\n{recording}"),
                Err(problem) => writeln!(f, "{title}\n(there is no text for it: {problem})"),
            };
        section(f, "the history; keep it in a file, and replay it with `given_recorded`:", &self.history)?;
        section(f, "the decision, as it would follow:", &self.decided)
    }
}

/// Events that nobody has published, as a recording.
fn record<E: EventSet>(events: &[E], first: u64, command: &str) -> Result<Recording, String> {
    let stored = (first..).zip(events.iter().enumerate()).map(|(sequence, (index, event))| {
        let event_type = event.event_type();
        let data = event.to_json().map_err(|error| error.to_string())?;
        let envelope = Envelope::builder(format!("{command}/{index}"), "/test", event_type.to_string())
            .subject(event.key().to_string())
            .json(data, event_type.data_schema())
            .build()
            .map_err(|error| error.to_string())?;
        Ok(StoredEvent { sequence, stored_at: Timestamp::UNIX_EPOCH, envelope })
    });
    let stored: Vec<_> = stored.collect::<Result<_, String>>()?;
    Recording::of(stored).map_err(|error| error.to_string())
}
