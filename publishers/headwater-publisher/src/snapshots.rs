use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::{BuildHasher as _, Hasher as _};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use futures::future::try_join;
use headwater_event::{Aggregate, Decider, EventSet, Fingerprint};
use headwater_log::{Log, Note, ReadError, StoredEvent};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::UnreadableHistory;
use crate::loaded::Loaded;
use crate::noted::Noted;

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
    /// The notes that it relies on.
    root: String,
    state: Box<RawValue>,
}

/// The name of the note that holds the state.
const STATE: &str = "state";

/// The name of the note that all others of an aggregate come after. Who removes notes removes it too, and what relies on others
/// that came after another root isn't used.
const ROOT: &str = "root";

/// How many events are noted in one go.
const NOTES_AT_ONCE: usize = 1000;

/// For how long a snapshot is worth waiting for.
const READ_MAX: Duration = Duration::from_secs(2);

/// For how long notes are tried to be kept.
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
                let loaded =
                    Loaded::from_snapshot(state, snapshot.sequence, last, snapshot.root).after(later)?;
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
        let reading = try_join(log.note(aggregate, STATE), log.note(aggregate, ROOT));
        let (note, root) = match timeout(READ_MAX, reading).await {
            Ok(Ok((note, root))) => (note?, root),
            Ok(Err(error)) => return unusable(&error),
            Err(elapsed) => return unusable(&elapsed),
        };
        let snapshot: Snapshot = match serde_json::from_slice(&note) {
            Ok(snapshot) => snapshot,
            Err(error) => return unusable(&error),
        };
        if root.as_deref() != Some(snapshot.root.as_bytes()) {
            return unusable(&"the notes that it relies on were removed");
        }
        if snapshot.code != self.code.to_string() {
            return unusable(&"other code has made it");
        }
        match (self.decode)(&snapshot.state) {
            Ok(state) => Some((snapshot, state)),
            Err(error) => unusable(&error),
        }
    }

    /// Where an event is stored that the aggregate in memory has forgotten.
    pub(crate) async fn sequence_of(
        &self,
        log: &Log,
        aggregate: &Aggregate,
        noted: &Noted,
        event: Fingerprint,
    ) -> Result<Option<u64>, ReadError> {
        let (domain, name) = (aggregate.domain(), stored(event));
        let (note, root) = try_join(log.note(aggregate, &name), log.note(aggregate, ROOT)).await?;
        let sequence = note.and_then(|note| std::str::from_utf8(&note).ok()?.parse().ok());
        let Some(sequence) = sequence else {
            // That it isn't noted means something only when the notes are those that were relied on.
            return match noted.root() {
                Some(known) if root.as_deref() == Some(known.as_bytes()) => Ok(None),
                _ => Err(ReadError::Unavailable { domain: domain.clone(), source: REMOVED.into() }),
            };
        };
        // A note may be older than the stream.
        let found = log.read(domain, sequence, 1).await?;
        let is_there =
            |found: &StoredEvent| found.sequence == sequence && found.envelope.fingerprint() == event;
        Ok(found.first().is_some_and(is_there).then_some(sequence))
    }

    /// Takes a snapshot, if it is time. It is kept by a task of its own: nobody waits for it, and if it can't be kept, the next
    /// one is.
    pub(crate) fn take(&self, log: &Log, aggregate: &Aggregate, loaded: &mut Loaded<D>) {
        let (true, Some(event)) = (loaded.since_snapshot >= self.every, loaded.last) else { return };
        // An aggregate that has forgotten events can't note them again.
        if (loaded.forgets() && loaded.noted.root().is_none()) || !loaded.noted.begin() {
            return;
        }
        loaded.since_snapshot = 0;
        if loaded.remembers() > REMEMBERED_MAX {
            loaded.forget_noted();
        }
        let keeping = Keeping {
            log: log.clone(),
            aggregate: aggregate.clone(),
            noted: loaded.noted.clone(),
            events: loaded.unnoted(),
        };
        let (code, event, sequence) = (self.code.to_string(), event.to_string(), loaded.version);
        let snapshot = (self.encode)(&loaded.state)
            .map(move |state| move |root: String| Snapshot { code, event, sequence, root, state });
        tokio::spawn(async move {
            let kept = match snapshot {
                Ok(snapshot) => keeping.keep(snapshot).await,
                Err(error) => Err(error.into()),
            };
            if let Err(error) = kept {
                tracing::warn!(aggregate = %keeping.aggregate, error, "a snapshot isn't kept");
            }
            keeping.noted.end();
        });
    }
}

/// What is noted for a snapshot.
struct Keeping {
    log: Log,
    aggregate: Aggregate,
    noted: Arc<Noted>,
    events: Vec<(Fingerprint, u64)>,
}

impl Keeping {
    /// Notes where the events are, by which a command is recognised that is handled again, and then the state.
    async fn keep(
        &self,
        snapshot: impl FnOnce(String) -> Snapshot,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Some(root) = self.root().await? else { return Err(REMOVED.into()) };
        for events in self.events.chunks(NOTES_AT_ONCE) {
            let note =
                |(event, sequence): &(Fingerprint, u64)| Note::new(stored(*event), sequence.to_string());
            self.note(events.iter().map(note).collect()).await?;
            if let Some((_, sequence)) = events.last() {
                self.noted.reach(*sequence);
            }
        }
        let state = serde_json::to_vec(&snapshot(root))?;
        self.note(vec![Note::new(STATE, state)]).await
    }

    /// What the notes come after; none when those that were relied on are gone.
    async fn root(&self) -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
        let there = timeout(READ_MAX, self.log.note(&self.aggregate, ROOT)).await??;
        let there = there.and_then(|root| String::from_utf8(root.to_vec()).ok());
        match (self.noted.root(), there) {
            (Some(known), Some(there)) if known == there => Ok(Some(known)),
            (Some(_), _) => {
                // All that is known is noted again, the next time.
                self.noted.lose();
                Ok(None)
            }
            (None, Some(there)) => {
                self.noted.begin_after(there.clone());
                Ok(Some(there))
            }
            (None, None) => {
                // Every new hasher of the standard library has its own random key.
                let new = format!("{:016x}", RandomState::new().build_hasher().finish());
                self.note(vec![Note::new(ROOT, new.clone())]).await?;
                self.noted.begin_after(new.clone());
                Ok(Some(new))
            }
        }
    }

    async fn note(&self, notes: Vec<Note>) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(timeout(KEEP_MAX, self.log.keep_notes(&self.aggregate, notes)).await??)
    }
}

/// What is said when notes are missing that were relied on.
const REMOVED: &str =
    "the notes beside the aggregate were removed; it is loaded from its first event the next time";

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
