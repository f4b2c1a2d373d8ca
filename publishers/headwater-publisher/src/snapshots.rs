use std::num::NonZeroUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use headwater_event::{Aggregate, Decider, EventSet, Fingerprint};
use headwater_log::{Log, Note, ReadError};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::UnreadableHistory;
use crate::loaded::Loaded;

/// When snapshots of aggregates are taken.
///
/// A snapshot is a state, kept beside the log: with it an aggregate is loaded by the events that happened since. It is never
/// needed. One that was made by another version of the code, by the schemas of the state and of the events and the
/// [version](Self::version) that is said here, is dropped, and the aggregate loaded from its first event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshots {
    every: NonZeroUsize,
    version: u32,
}

impl Snapshots {
    /// A snapshot whenever so many events have happened, at least one.
    #[must_use]
    pub fn every(events: usize) -> Self {
        Self { every: NonZeroUsize::new(events).unwrap_or(NonZeroUsize::MIN), version: 1 }
    }

    /// Another version of the code. Change it with whatever changes the state that events lead to, and isn't seen in the
    /// state's schema: what `evolve` does.
    #[must_use]
    pub fn version(self, version: u32) -> Self {
        Self { version, ..self }
    }
}

/// Takes snapshots, and loads aggregates from them.
pub(crate) struct Snapshooter<D> {
    every: usize,
    /// What made the snapshots that may be used.
    code: Fingerprint,
    encode: fn(&D) -> serde_json::Result<Box<RawValue>>,
    decode: fn(&RawValue) -> serde_json::Result<D>,
}

/// A snapshot as it is kept.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    code: String,
    /// The event after which the aggregate had this state, and where it is stored.
    event: String,
    sequence: u64,
    state: Box<RawValue>,
}

/// The name of the note that holds the state.
const STATE: &str = "state";

/// For how long a snapshot is worth waiting for.
const READ_MAX: Duration = Duration::from_secs(2);

/// For how long a snapshot is tried to be kept.
const KEEP_MAX: Duration = Duration::from_secs(60);

/// How many events an aggregate in memory remembers for which a snapshot stands.
const REMEMBERED_MAX: usize = 10_000;

impl<D: Decider> Snapshooter<D> {
    pub(crate) fn new(snapshots: Snapshots) -> Self
    where
        D: Serialize + DeserializeOwned + JsonSchema,
    {
        let Snapshots { every, version } = snapshots;
        let mut schemas = vec![schemars::schema_for!(D).to_value()];
        schemas.extend(D::Event::schemas().into_iter().map(|schema| schema.deserialize));
        let schemas: Vec<_> = schemas.iter().map(ToString::to_string).collect();
        Self {
            every: every.get(),
            code: Fingerprint::new(&format!("snapshot {version}"), &schemas.join("\n")),
            encode: |state| serde_json::value::to_raw_value(state),
            decode: |state| serde_json::from_str(state.get()),
        }
    }

    /// Loads an aggregate from its snapshot, if it has one that can be used.
    pub(crate) async fn load(
        &self,
        log: &Log,
        aggregate: &Aggregate,
        at_least: u64,
    ) -> Result<Option<Loaded<D>>, LoadError> {
        let Some((snapshot, state)) = self.read(log, aggregate).await else { return Ok(None) };
        let events = log.load_from(aggregate, snapshot.sequence, at_least).await?;
        // The event after which the snapshot was taken must be there: a stream that was restored or made anew is another one.
        match events.split_first() {
            Some((first, later))
                if first.sequence == snapshot.sequence
                    && first.envelope.fingerprint().to_string() == snapshot.event =>
            {
                let last = first.envelope.fingerprint();
                let loaded = Loaded::from_snapshot(state, snapshot.sequence, last).after(later)?;
                Ok(Some(loaded))
            }
            _ => {
                tracing::warn!(%aggregate, "a snapshot is of another stream than there is, and isn't used");
                Ok(None)
            }
        }
    }

    async fn read(&self, log: &Log, aggregate: &Aggregate) -> Option<(Snapshot, D)> {
        let unusable = |why: &dyn std::fmt::Display| {
            tracing::debug!(%aggregate, "a snapshot isn't used: {why}");
            None
        };
        let note = match timeout(READ_MAX, log.note(aggregate, STATE)).await {
            Ok(Ok(note)) => note?,
            Ok(Err(error)) => return unusable(&error),
            Err(elapsed) => return unusable(&elapsed),
        };
        let snapshot: Snapshot = match serde_json::from_slice(&note) {
            Ok(snapshot) => snapshot,
            Err(error) => return unusable(&error),
        };
        if snapshot.code != self.code.to_string() {
            return unusable(&"other code has made it");
        }
        match (self.decode)(&snapshot.state) {
            Ok(state) => Some((snapshot, state)),
            Err(error) => unusable(&error),
        }
    }

    /// Where an event is stored for which a snapshot stands.
    pub(crate) async fn sequence_of(
        &self,
        log: &Log,
        aggregate: &Aggregate,
        event: Fingerprint,
    ) -> Result<Option<u64>, ReadError> {
        let note = log.note(aggregate, &stored(event)).await?;
        Ok(note.and_then(|sequence| std::str::from_utf8(&sequence).ok()?.parse().ok()))
    }

    /// Takes a snapshot, if it is time. It is kept by a task of its own: nobody waits for it, and if it can't be kept, the next
    /// one is.
    pub(crate) fn take(&self, log: &Log, aggregate: &Aggregate, loaded: &mut Loaded<D>) {
        let (true, Some(event)) = (loaded.since_snapshot >= self.every, loaded.last) else { return };
        loaded.since_snapshot = 0;
        let sequence = loaded.version;
        let note = (self.encode)(&loaded.state).and_then(|state| {
            let (code, event) = (self.code.to_string(), event.to_string());
            serde_json::to_vec(&Snapshot { code, event, sequence, state })
        });
        let state = match note {
            Ok(state) => state,
            Err(error) => {
                tracing::warn!(%aggregate, %error, "an aggregate's state has no JSON form, so it has no snapshot");
                return;
            }
        };
        // First where the events are, by which a command is recognised that is handled again; the state is kept after them.
        let mut notes: Vec<_> = loaded
            .unnoted()
            .map(|(event, sequence)| Note::new(stored(event), sequence.to_string()))
            .collect();
        notes.push(Note::new(STATE, state));
        if loaded.remembers() > REMEMBERED_MAX {
            loaded.forget_noted();
        }
        let (log, aggregate, noted) = (log.clone(), aggregate.clone(), loaded.noted.clone());
        tokio::spawn(async move {
            match timeout(KEEP_MAX, log.keep_notes(&aggregate, notes)).await {
                Ok(Ok(())) => {
                    noted.fetch_max(sequence, Ordering::AcqRel);
                }
                Ok(Err(error)) => tracing::warn!(%aggregate, %error, "a snapshot can't be kept"),
                Err(_) => tracing::warn!(%aggregate, "a snapshot isn't kept in time"),
            }
        });
    }
}

/// Why an aggregate can't be loaded.
pub(crate) enum LoadError {
    Read(ReadError),
    History(UnreadableHistory),
}

impl From<ReadError> for LoadError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl From<UnreadableHistory> for LoadError {
    fn from(error: UnreadableHistory) -> Self {
        Self::History(error)
    }
}

/// The name of the note that says where an event is stored.
fn stored(event: Fingerprint) -> String {
    format!("event-{event}")
}
