use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use headwater_event::{Aggregate, Domain, EventFilter};

use crate::{
    Append, AppendError, Appended, Checkpoint, Commit, Follow, Note, NoteError, OpenError, PendingAppend,
    ReadError, StoredEvent, StreamInfo,
};

/// A log that the whole process shares.
pub type Log = Arc<dyn EventLog>;

/// Streams of events, one for each domain, that are only ever appended to.
///
/// - Sequences begin at 1 and rise by one with each event of a stream; readers see events in their order,
///   and never one that could still be lost by what the log's durability promises.
/// - Every append expects a version, so two writers never decide on the same state.
/// - An append that is sent again, because its answer was lost, is stored once.
/// - All calls may be made from any task at any time.
#[async_trait]
pub trait EventLog: Send + Sync + 'static {
    /// Opens the stream of a domain, and creates it if it isn't there.
    ///
    /// # Errors
    ///
    /// [`OpenError`] when the log can't be reached in time, or holds a stream of that name that isn't
    /// fit to keep events.
    async fn open(&self, domain: &Domain) -> Result<StreamInfo, OpenError>;

    /// What the log knows of the stream of a domain, now.
    ///
    /// # Errors
    ///
    /// [`ReadError::NoStream`] when there is none, [`ReadError::Unavailable`] when the log can't be
    /// reached in time.
    async fn info(&self, domain: &Domain) -> Result<StreamInfo, ReadError>;

    /// All streams of events, by domain.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unlisted`] when the log can't be reached in time.
    async fn streams(&self) -> Result<Vec<StreamInfo>, ReadError>;

    /// Hands a commit over to the log. The answer is what is returned, another future: so commits that
    /// are begun one after another are stored in that order, and many can be under way at once. One that
    /// must be sent again, because the log was away, may come behind those that were begun after it.
    ///
    /// The answer comes by itself, in bounded time, whether it is awaited, kept or dropped. Many commits may
    /// be begun before the first answer is looked at; when too many are under way, this call waits for room.
    ///
    /// # Errors
    ///
    /// [`AppendError`] for what can be told without asking the log: too large, no event, too many.
    async fn begin_commit(&self, commit: Commit) -> Result<PendingAppend, AppendError>;

    /// Appends to aggregates of one domain, all or nothing, and waits for the answer.
    ///
    /// # Errors
    ///
    /// [`AppendError`], which says whether the events were stored, weren't, or may have been.
    async fn commit(&self, commit: Commit) -> Result<Appended, AppendError> {
        self.begin_commit(commit).await?.await
    }

    /// As [`begin_commit`](Self::begin_commit), for one aggregate.
    ///
    /// # Errors
    ///
    /// As [`begin_commit`](Self::begin_commit).
    async fn begin_append(&self, append: Append) -> Result<PendingAppend, AppendError> {
        self.begin_commit(append.into()).await
    }

    /// As [`commit`](Self::commit), for one aggregate.
    ///
    /// # Errors
    ///
    /// As [`commit`](Self::commit).
    async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        self.commit(append.into()).await
    }

    /// Reads up to `max` events of a domain from the sequence `from` on, without waiting for more. Whatever
    /// was acknowledged before the call is there.
    ///
    /// # Errors
    ///
    /// [`ReadError`]; [`ReadError::Malformed`] when one of them is no event, also when events precede it.
    async fn read(&self, domain: &Domain, from: u64, max: usize) -> Result<Vec<StoredEvent>, ReadError>;

    /// Follows the events that `filter` wants, after `checkpoint` or from the first on: the history, then
    /// whatever is appended, without a gap and without a repeat, for as long as it is polled. A log that
    /// can't be reached is waited for.
    ///
    /// # Errors
    ///
    /// [`ReadError::Recreated`] when the checkpoint isn't of this stream; the same comes later, as the
    /// last item, when the stream is recreated under the reader.
    async fn follow(&self, filter: EventFilter, checkpoint: Option<Checkpoint>) -> Result<Follow, ReadError>;

    /// Loads the events of one aggregate from the sequence `from` on, in their order. Whatever was acknowledged
    /// before the call is there. It waits until the event with the sequence `at_least` is among them: what another
    /// writer has stored, as a conflict reports it, or 0.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    async fn load_from(
        &self,
        aggregate: &Aggregate,
        from: u64,
        at_least: u64,
    ) -> Result<Vec<StoredEvent>, ReadError>;

    /// Loads all events of one aggregate; otherwise as [`load_from`](Self::load_from).
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    async fn load(&self, aggregate: &Aggregate, at_least: u64) -> Result<Vec<StoredEvent>, ReadError> {
        self.load_from(aggregate, 1, at_least).await
    }

    /// The last event of an aggregate, if it has one. Whatever was acknowledged before the call is there.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    async fn last(&self, aggregate: &Aggregate) -> Result<Option<StoredEvent>, ReadError> {
        Ok(self.load(aggregate, 0).await?.pop())
    }

    /// The first events of an aggregate, up to `max`, of which those that were stored a moment ago may be missing. Together with
    /// its [last event](Self::last), which may be asked for at the same time, they tell whether they are all.
    ///
    /// # Errors
    ///
    /// [`ReadError`].
    async fn load_first(&self, aggregate: &Aggregate, max: usize) -> Result<Vec<StoredEvent>, ReadError> {
        let mut events = self.load(aggregate, 0).await?;
        events.truncate(max);
        Ok(events)
    }

    /// What was noted beside an aggregate's events under `name`: something that was derived from them.
    ///
    /// Notes aren't events. Nobody follows them, no other call shows them, and an operator may remove all of an aggregate's, or
    /// all, at any time, so whoever reads one must get by without it, and a note must say by itself of which events it was
    /// made. What [`keep_notes`](Self::keep_notes) has kept before the call is there.
    ///
    /// # Errors
    ///
    /// [`ReadError::Unavailable`] when the log can't be reached in time, or doesn't allow reading. Where there is no stream,
    /// there is no note, and no error.
    async fn note(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError>;

    /// What was noted beside an aggregate's events under each of these names. Each note is at least as new as the notes before it,
    /// so who names first the note that relies on others finds these others, if they are there. But all may be older than what was
    /// kept last.
    ///
    /// # Errors
    ///
    /// As [`note`](Self::note).
    async fn notes(&self, aggregate: &Aggregate, names: &[&str]) -> Result<Vec<Option<Bytes>>, ReadError> {
        let mut notes = Vec::with_capacity(names.len());
        for name in names {
            notes.push(self.note(aggregate, name).await?);
        }
        Ok(notes)
    }

    /// Notes these beside an aggregate's events, each in the place of what had its name; the later one of two with the
    /// same name. When it returns, they are as durable as events are.
    ///
    /// The last one is kept only after all the others are, so it may rely on them. Otherwise notes have no version, and writers
    /// aren't kept apart: of two that note under one name at once, either may be the last.
    ///
    /// # Errors
    ///
    /// [`NoteError`]. When it is [unavailable](NoteError::is_unavailable), some of them may be kept, or will be.
    async fn keep_notes(&self, aggregate: &Aggregate, notes: Vec<Note>) -> Result<(), NoteError>;
}
