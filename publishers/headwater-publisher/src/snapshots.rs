use std::future::ready;
use std::num::NonZeroUsize;
use std::pin::pin;

use futures::future::{Either, join, select, try_join};
use headwater_event::{Aggregate, Decider, EventSet, Fingerprint};
use headwater_log::{Log, ReadError, StoredEvent};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::UnreadableHistory;
use crate::keeping::{READ_MAX, REMOVED, keep_all};
use crate::loaded::Loaded;
use crate::noted::Noted;
use crate::snapshot::{ROOT, STATE, Snapshot, stored};

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

/// How many events are loaded in case there is no snapshot. Most aggregates that have none are this short, and the others cost
/// another round trip.
const SHORT_MAX: usize = 32;

/// Takes snapshots, and loads aggregates from them.
pub(crate) struct Snapshooter<D> {
    every: usize,
    /// What made the snapshots that may be used.
    code: Fingerprint,
    encode: fn(&D) -> serde_json::Result<Box<RawValue>>,
    decode: fn(&RawValue) -> serde_json::Result<D>,
}

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

    /// Loads an aggregate from its snapshot, if it has one that can be used, or from its first events, if there are no more.
    ///
    /// What the snapshot is needed with is read at the same time, as far as it can be known: the last event, and whether `event`
    /// is noted, which the command that the aggregate is loaded for would begin with. When the snapshot is of the last event, there
    /// is nothing else to read.
    pub(crate) async fn load(
        &self,
        log: &Log,
        aggregate: &Aggregate,
        at_least: u64,
        event: Fingerprint,
    ) -> Result<Option<Loaded<D>>, LoadError> {
        let known = join(self.read(log, aggregate, event), log.last(aggregate));
        let (known, first) = match select(pin!(known), log.load_first(aggregate, SHORT_MAX)).await {
            // Whoever has a snapshot doesn't wait for the first events.
            Either::Left((known, first)) => (known, Either::Left(first)),
            Either::Right((first, known)) => (known.await, Either::Right(ready(first))),
        };
        let (snapshot, last) = (known.0, known.1?);
        let version = last.as_ref().map_or(0, |last| last.sequence);
        let at_least = at_least.max(version);
        let Some(snapshot) = snapshot else {
            if at_least == 0 {
                return Ok(Some(Loaded::new()));
            }
            // What is wrong with them comes up again when all are loaded.
            let first = first.await.unwrap_or_default();
            let is_all = first.last().is_some_and(|last| last.sequence >= at_least);
            return Ok(if is_all { Some(Loaded::new().after(&first)?) } else { None });
        };
        drop(first);
        let sequence = snapshot.version;
        let events = match last {
            Some(last) if version == sequence && at_least == version => vec![last],
            _ => log.load_from(aggregate, sequence, at_least).await?,
        };
        // The event after which the snapshot was taken must be there: a stream that was restored or made anew is another one.
        match events.split_first() {
            Some((first, later))
                if first.sequence == sequence && snapshot.last == Some(first.envelope.fingerprint()) =>
            {
                Ok(Some(snapshot.after(later)?))
            }
            _ => {
                tracing::warn!(%aggregate, "a snapshot is of another stream than there is, and isn't used");
                Ok(None)
            }
        }
    }

    /// The aggregate as its snapshot has it. The snapshot is read no later than whether `event` is noted, so it doesn't rely on a
    /// note that came in between.
    async fn read(&self, log: &Log, aggregate: &Aggregate, event: Fingerprint) -> Option<Loaded<D>> {
        let unusable = |why: &dyn std::fmt::Display| {
            tracing::debug!(%aggregate, "a snapshot isn't used: {why}");
            None
        };
        let name = stored(event);
        // As they are at one moment: with the root of another, notes that were removed in between would count as never made.
        let names = [STATE, &name, ROOT];
        let mut notes = match timeout(READ_MAX, log.notes(aggregate, &names)).await {
            Ok(Ok(notes)) => notes.into_iter(),
            Ok(Err(error)) => return unusable(&error),
            Err(elapsed) => return unusable(&elapsed),
        };
        let (note, is_noted, root) = (notes.next()??, notes.next()?.is_some(), notes.next()?);
        let snapshot: Snapshot = match serde_json::from_slice(&note) {
            Ok(snapshot) => snapshot,
            Err(error) => return unusable(&error),
        };
        if snapshot.root.is_some() && snapshot.root.as_deref().map(str::as_bytes) != root.as_deref() {
            return unusable(&"the notes that it relies on were removed");
        }
        if snapshot.code != self.code.to_string() {
            return unusable(&"other code has made it");
        }
        match (self.decode)(&snapshot.state) {
            Ok(state) => Some(Loaded::from_snapshot(state, &snapshot, (!is_noted).then_some(event))),
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
        // In this order, which the leader keeps: the root that is there after the note was looked for.
        let (note, root) = try_join(log.note(aggregate, &name), log.note(aggregate, ROOT)).await?;
        let sequence = note.and_then(|note| std::str::from_utf8(&note).ok()?.parse().ok());
        let Some(sequence) = sequence else {
            // That it isn't noted means something only when the notes are those that were relied on, and still are.
            return match noted.so_far() {
                (Some(known), _) if root.as_deref() == Some(known.as_bytes()) => Ok(None),
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
    /// one is. One that is taken while another is being kept is kept after that, unless a newer one is taken until then.
    pub(crate) fn take(&self, log: &Log, aggregate: &Aggregate, loaded: &mut Loaded<D>) {
        let (true, Some(event)) = (loaded.since_snapshot >= self.every, loaded.last) else { return };
        let (root, noted) = loaded.noted.so_far();
        // An aggregate that has forgotten events can't note them again.
        if loaded.forgets() && root.is_none() {
            return;
        }
        loaded.since_snapshot = 0;
        if loaded.remembers() > REMEMBERED_MAX {
            loaded.forget(noted);
        }
        let state = match (self.encode)(&loaded.state) {
            Ok(state) => state,
            Err(error) => {
                tracing::warn!(%aggregate, %error, "a snapshot can't be taken");
                return;
            }
        };
        let snapshot = Snapshot {
            code: self.code.to_string(),
            event,
            sequence: loaded.version,
            root,
            noted,
            events: loaded.after_sequence(noted),
            state,
        };
        if loaded.noted.add(snapshot) {
            tokio::spawn(keep_all(log.clone(), aggregate.clone(), loaded.noted.clone()));
        }
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
