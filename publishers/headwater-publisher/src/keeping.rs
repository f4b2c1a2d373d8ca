use std::collections::hash_map::RandomState;
use std::error::Error;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use headwater_event::Aggregate;
use headwater_log::{Log, Note};
use tokio::time::timeout;

use crate::noted::Noted;
use crate::snapshot::{ROOT, STATE, Snapshot, Stored, stored};

/// For how long a note is worth waiting for.
pub(crate) const READ_MAX: Duration = Duration::from_secs(2);

/// What is said when notes are missing that were relied on.
pub(crate) const REMOVED: &str =
    "the notes beside the aggregate were removed; it is loaded from its first event the next time";

/// For how long notes are tried to be kept.
const KEEP_MAX: Duration = Duration::from_secs(60);

/// How many events a snapshot itself names. When there are more, all of them are noted beside it, so that it is read and written
/// as fast after a long history as after a short one.
const NAMED_MAX: usize = 500;

/// How many events are noted in one go.
const NOTES_AT_ONCE: usize = 1000;

/// Keeps the snapshots of an aggregate, one after another, until no newer one is taken.
pub(crate) async fn keep_all(log: Log, aggregate: Aggregate, noted: Arc<Noted>) {
    let keeping = Keeping { log, aggregate, noted };
    while let Some(snapshot) = keeping.noted.next() {
        if let Err(error) = keeping.keep(snapshot).await {
            tracing::warn!(aggregate = %keeping.aggregate, error, "a snapshot isn't kept");
        }
    }
}

struct Keeping {
    log: Log,
    aggregate: Aggregate,
    noted: Arc<Noted>,
}

type Failure = Box<dyn Error + Send + Sync>;

impl Keeping {
    /// Keeps a snapshot. It says where each event is stored, by which a command is recognised that is handled again: by itself
    /// of the last events, and by notes that are kept before it of all others.
    async fn keep(&self, mut snapshot: Snapshot) -> Result<(), Failure> {
        self.check_root().await?;
        let (root, noted) = self.noted.so_far();
        // What it leaves out was noted when it was taken, and may not be any more.
        if snapshot.noted > 0 && snapshot.root != root {
            return Err(REMOVED.into());
        }
        snapshot.events.retain(|Stored(_, sequence)| *sequence > noted);
        if snapshot.events.len() > NAMED_MAX {
            self.begin().await?;
            for events in snapshot.events.chunks(NOTES_AT_ONCE) {
                self.note_events(events).await?;
            }
            snapshot.events.clear();
        }
        let (root, noted) = self.noted.so_far();
        (snapshot.root, snapshot.noted) = (root.filter(|_| noted > 0), noted);
        let state = serde_json::to_vec(&snapshot)?;
        self.note(vec![Note::new(STATE, state)]).await
    }

    async fn note_events(&self, events: &[Stored]) -> Result<(), Failure> {
        let note = |Stored(event, sequence): &Stored| Note::new(stored(*event), sequence.to_string());
        self.note(events.iter().map(note).collect()).await?;
        if let Some(Stored(_, sequence)) = events.last() {
            self.noted.reach(*sequence);
        }
        Ok(())
    }

    /// Sees whether the notes are still there that were relied on.
    async fn check_root(&self) -> Result<(), Failure> {
        let (Some(known), _) = self.noted.so_far() else { return Ok(()) };
        if self.root().await?.as_ref() != Some(&known) {
            // All that is known is noted again, the next time.
            self.noted.lose();
            return Err(REMOVED.into());
        }
        Ok(())
    }

    /// Makes sure that there is a root that notes come after.
    async fn begin(&self) -> Result<(), Failure> {
        if let (Some(_), _) = self.noted.so_far() {
            return Ok(());
        }
        let root = match self.root().await? {
            Some(there) => there,
            None => {
                // Every new hasher of the standard library has its own random key.
                let new = format!("{:016x}", RandomState::new().build_hasher().finish());
                self.note(vec![Note::new(ROOT, new.clone())]).await?;
                new
            }
        };
        self.noted.begin_after(root);
        Ok(())
    }

    /// The root that is there.
    async fn root(&self) -> Result<Option<String>, Failure> {
        let there = timeout(READ_MAX, self.log.note(&self.aggregate, ROOT)).await??;
        Ok(there.and_then(|root| String::from_utf8(root.to_vec()).ok()))
    }

    async fn note(&self, notes: Vec<Note>) -> Result<(), Failure> {
        Ok(timeout(KEEP_MAX, self.log.keep_notes(&self.aggregate, notes)).await??)
    }
}
