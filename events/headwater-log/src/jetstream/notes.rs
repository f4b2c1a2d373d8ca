//! Notes beside the events, in one stream for each domain that has some.
//!
//! A connection that reads them needs the permission to publish to `$JS.API.STREAM.MSG.GET.NOTES_<domain>` and
//! `$JS.API.DIRECT.GET.NOTES_<domain>`; one that keeps them, to `note.<domain>.>`, `$JS.API.STREAM.INFO.NOTES_<domain>` and
//! `$JS.API.STREAM.CREATE.NOTES_<domain>`.

use std::collections::HashMap;
use std::error::Error;
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_STREAM;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use bytes::Bytes;
use futures::future::join_all;
use headwater_event::{Aggregate, Domain};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::append::Outgoing;
use super::batch;
use super::broker::Broker;
use super::config::notes_problem;
use super::direct;
use super::verdict::Verdict;
use crate::direct_get::api_subject;
use crate::notes::{NewNote, is_name, new_notes};
use crate::retry::Backoff;
use crate::{Denial, Note, NoteError, ReadError};

/// Reads and keeps notes.
pub(super) struct Notes {
    broker: Arc<Broker>,
    /// Room for notes in flight.
    room: Semaphore,
    /// The domains whose streams are there and fit to hold notes, and whether they take batches.
    fit: Mutex<HashMap<Domain, bool>>,
}

/// How many notes may be in flight. Each may be as large as a message can be.
///
/// More of one call are sent in atomic batches: a server that flushes always does so once per batch. Fewer are stored sooner one
/// by one, and leave the server's time for batches to commands.
const NOTES_IN_FLIGHT: usize = 32;

/// How many notes the server takes in one batch.
const BATCH_NOTES_MAX: usize = 1000;

/// How many bytes one batch carries, about: it must be staged and stored before an answer's time is up.
const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

type Failure = Box<dyn Error + Send + Sync>;

/// Why publishing has come to a halt.
enum Halt {
    /// Nobody listens: there is no stream, or no leader of it.
    NoStream(Failure),
    Failed(NoteError),
}

impl Notes {
    pub(super) fn new(broker: Arc<Broker>) -> Self {
        Self { broker, room: Semaphore::new(NOTES_IN_FLIGHT), fit: Mutex::default() }
    }

    pub(super) async fn read(&self, aggregate: &Aggregate, name: &str) -> Result<Option<Bytes>, ReadError> {
        if !is_name(name) {
            return Ok(None);
        }
        let (domain, subject) = (aggregate.domain(), aggregate.note_subject(name));
        let request = format!("$JS.API.STREAM.MSG.GET.{}", domain.notes_stream());
        let reading = self.read_until(domain, &subject, self.broker.deadline());
        match self.broker.denials.or_denied(|denied| denied == request, reading).await {
            Ok(read) => read.map_err(|failure| ReadError::unavailable(domain, failure)),
            Err(denial) => Err(ReadError::unavailable(domain, denial)),
        }
    }

    /// Reads several notes as they were at one moment, on whichever server answers.
    pub(super) async fn read_together(
        &self,
        aggregate: &Aggregate,
        names: &[&str],
    ) -> Result<Vec<Option<Bytes>>, ReadError> {
        let domain = aggregate.domain();
        let subjects: Vec<_> =
            names.iter().map(|name| is_name(name).then(|| aggregate.note_subject(name))).collect();
        let (request, deadline) = (api_subject(&domain.notes_stream()), self.broker.deadline());
        let wanted: Vec<_> = subjects.iter().flatten().map(String::as_str).collect();
        let reading = self.read_together_until(domain, &wanted, deadline);
        let found = match self.broker.denials.or_denied(|denied| denied == request, reading).await {
            Ok(found) => found.map_err(|failure| ReadError::unavailable(domain, failure))?,
            Err(denial) => return Err(ReadError::unavailable(domain, denial)),
        };
        Ok(subjects.iter().map(|subject| found.get(subject.as_ref()?).cloned()).collect())
    }

    pub(super) async fn keep(&self, aggregate: &Aggregate, notes: Vec<Note>) -> Result<(), NoteError> {
        let notes = new_notes(aggregate, notes, self.broker.client.server_info().max_payload)?;
        let stream = aggregate.domain().notes_stream();
        let requests = ["INFO", "CREATE"].map(|operation| format!("$JS.API.STREAM.{operation}.{stream}"));
        let is_asked = |denied: &str| {
            notes.iter().map(|note| &note.subject).chain(&requests).any(|subject| subject == denied)
        };
        let keeping = self.keep_until(aggregate, &notes, self.broker.deadline());
        match self.broker.denials.or_denied(is_asked, keeping).await {
            Ok(kept) => kept,
            // Without its answers nobody would ever know.
            Err(denial) if denial.subscription => Err(NoteError::unavailable(aggregate, denial)),
            Err(Denial { subject, .. }) => Err(NoteError::Denied { aggregate: aggregate.clone(), subject }),
        }
    }

    async fn read_until(
        &self,
        domain: &Domain,
        subject: &str,
        deadline: Instant,
    ) -> Result<Option<Bytes>, Failure> {
        let mut backoff = Backoff::until(deadline);
        loop {
            let answer = timeout_at(deadline, self.get(domain, subject)).await;
            match answer.unwrap_or_else(|elapsed| Err(elapsed.into())) {
                Ok(note) => return Ok(note),
                Err(failure) if !backoff.wait().await => return Err(failure),
                Err(error) => tracing::debug!(%domain, %error, "asking for a note again"),
            }
        }
    }

    async fn read_together_until(
        &self,
        domain: &Domain,
        subjects: &[&str],
        deadline: Instant,
    ) -> Result<HashMap<String, Bytes>, Failure> {
        if subjects.is_empty() {
            return Ok(HashMap::new());
        }
        let mut backoff = Backoff::until(deadline);
        loop {
            match direct::last_of_each(&self.broker, &domain.notes_stream(), subjects, deadline).await {
                Ok(found) => return Ok(found),
                Err(failure) if !backoff.wait().await => return Err(failure),
                Err(error) => tracing::debug!(%domain, %error, "asking for notes again"),
            }
        }
    }

    /// Asks the leader: another server may lag, and who is told that there is no note relies on it.
    async fn get(&self, domain: &Domain, subject: &str) -> Result<Option<Bytes>, Failure> {
        let stream = self.broker.context.get_stream_no_info(domain.notes_stream()).await?;
        match stream.get_last_raw_message_by_subject(subject).await {
            Ok(message) => Ok(Some(message.payload)),
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok(None),
                LastRawMessageErrorKind::JetStream(server)
                    if server.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Ok(None)
                }
                _ => Err(error.into()),
            },
        }
    }

    async fn keep_until(
        &self,
        aggregate: &Aggregate,
        notes: &[NewNote],
        deadline: Instant,
    ) -> Result<(), NoteError> {
        if notes.is_empty() {
            return Ok(());
        }
        let mut backoff = Backoff::until(deadline);
        loop {
            let takes_batches = self.open(aggregate, deadline).await?;
            let halt = match self.publish_in_order(aggregate, notes, takes_batches, deadline).await {
                Ok(()) => return Ok(()),
                Err(halt) => halt,
            };
            // The stream may be another one than it was.
            self.lock().remove(aggregate.domain());
            // If it was removed, so were the notes that it had: all of them are kept once more.
            let failure = match halt {
                Halt::NoStream(failure) => failure,
                Halt::Failed(error) => return Err(error),
            };
            if !backoff.wait().await {
                return Err(NoteError::unavailable(aggregate, failure));
            }
            tracing::debug!(%aggregate, error = %failure, "keeping notes again");
        }
    }

    /// Makes sure that there is a stream for the notes, and says whether it takes batches. Asked once, as long as it takes them.
    async fn open(&self, aggregate: &Aggregate, deadline: Instant) -> Result<bool, NoteError> {
        let domain = aggregate.domain();
        if let Some(takes_batches) = self.lock().get(domain) {
            return Ok(*takes_batches);
        }
        let wanted = self.broker.config.notes(domain);
        let opened = self.broker.opened(&wanted, deadline).await;
        let info = opened.map_err(|failure| NoteError::unavailable(aggregate, failure))?;
        if let Some(problem) = notes_problem(&info.config, &wanted) {
            return Err(NoteError::Unfit { stream: wanted.name, problem });
        }
        // An older version of this log, or somebody else, may have made it without.
        let takes_batches = info.config.allow_atomic_publish;
        self.lock().insert(domain.clone(), takes_batches);
        Ok(takes_batches)
    }

    /// Publishes notes until all are acknowledged, the last one not before the others are kept: it may rely on them.
    async fn publish_in_order(
        &self,
        aggregate: &Aggregate,
        notes: &[NewNote],
        takes_batches: bool,
        deadline: Instant,
    ) -> Result<(), Halt> {
        let Some((last, others)) = notes.split_last() else { return Ok(()) };
        if takes_batches && notes.len() > NOTES_IN_FLIGHT {
            // What is in a batch is stored in its order, and all of it or nothing.
            for batch in batches(notes) {
                self.publish_all(aggregate, vec![batch], deadline).await?;
            }
            return Ok(());
        }
        self.publish_all(aggregate, others.iter().map(slice::from_ref).collect(), deadline).await?;
        self.publish_all(aggregate, vec![slice::from_ref(last)], deadline).await
    }

    /// Publishes batches, in any order, until all are acknowledged.
    async fn publish_all(
        &self,
        aggregate: &Aggregate,
        batches: Vec<&[NewNote]>,
        deadline: Instant,
    ) -> Result<(), Halt> {
        let unavailable = |failure: Failure| Halt::Failed(NoteError::unavailable(aggregate, failure));
        let stream = aggregate.domain().notes_stream();
        let mut backoff = Backoff::until(deadline);
        let mut waiting = batches;
        loop {
            let publishing = join_all(waiting.iter().map(|batch| self.publish(&stream, batch, deadline)));
            let verdicts = timeout_at(deadline, publishing).await.map_err(|e| unavailable(e.into()))?;
            let (mut again, mut failure) = (Vec::new(), None);
            for (batch, verdict) in waiting.into_iter().zip(verdicts) {
                match verdict {
                    Verdict::Stored { .. } => continue,
                    Verdict::NoStream(nobody) => return Err(Halt::NoStream(nobody)),
                    Verdict::Refused { code, description } => {
                        let aggregate = aggregate.clone();
                        return Err(Halt::Failed(NoteError::Refused { aggregate, code, description }));
                    }
                    Verdict::Lost(lost) | Verdict::NotNow(lost) => failure = Some(lost),
                    Verdict::Denied(denial) => failure = Some(denial.into()),
                    // Nothing is expected of a note, and none is told from another.
                    Verdict::Conflict | Verdict::Duplicates => {
                        failure = Some("the server compares notes with something".into());
                    }
                }
                again.push(batch);
            }
            let Some(failure) = failure else { return Ok(()) };
            if !backoff.wait().await {
                return Err(unavailable(failure));
            }
            tracing::debug!(%aggregate, error = %failure, "publishing notes again");
            waiting = again;
        }
    }

    /// Publishes a batch once, when there is room for it.
    async fn publish(&self, stream: &str, batch: &[NewNote], deadline: Instant) -> Verdict {
        let messages = batch.iter().map(|note| outgoing(stream, note)).collect();
        if batch.len() == 1 {
            let _room = self.room.acquire().await;
            return batch::verdict(&self.broker, messages, deadline).await;
        }
        let Some(_room) = self.broker.room(batch.len(), deadline).await else {
            return Verdict::NotNow("too many atomic batches are under way".into());
        };
        batch::verdict(&self.broker, messages, deadline).await
    }

    /// A panic elsewhere can't have left the map half-changed: whatever it holds is only a shortcut.
    fn lock(&self) -> MutexGuard<'_, HashMap<Domain, bool>> {
        self.fit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Divides notes into batches that the server takes.
fn batches(notes: &[NewNote]) -> Vec<&[NewNote]> {
    let (mut batches, mut first, mut bytes) = (Vec::new(), 0, 0);
    for (index, note) in notes.iter().enumerate() {
        bytes += note.content.len();
        if index - first == BATCH_NOTES_MAX || (bytes > BATCH_BYTES_MAX && index > first) {
            batches.push(&notes[first..index]);
            (first, bytes) = (index, note.content.len());
        }
    }
    batches.push(&notes[first..]);
    batches
}

fn outgoing(stream: &str, note: &NewNote) -> Outgoing {
    let mut headers = HeaderMap::new();
    // A stream of somebody else with the same subjects would take it, and nobody would find it there.
    headers.insert(NATS_EXPECTED_STREAM, stream);
    Outgoing { subject: note.subject.clone(), headers, payload: note.content.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn divided(bytes: &[usize], expected: &[usize]) {
        let note = |bytes: &usize| NewNote { subject: String::new(), content: vec![0; *bytes].into() };
        let notes: Vec<_> = bytes.iter().map(note).collect();
        let sizes: Vec<_> = batches(&notes).iter().map(|batch| batch.len()).collect();
        assert_eq!(sizes, expected);
    }

    #[test]
    fn a_batch_has_no_more_notes_and_bytes_than_the_server_takes() {
        divided(&[1], &[1]);
        divided(&[1; BATCH_NOTES_MAX], &[BATCH_NOTES_MAX]);
        divided(&[1; BATCH_NOTES_MAX + 1], &[BATCH_NOTES_MAX, 1]);
        divided(&[1; 2 * BATCH_NOTES_MAX + 5], &[BATCH_NOTES_MAX, BATCH_NOTES_MAX, 5]);
        divided(&[BATCH_BYTES_MAX / 2; 5], &[2, 2, 1]);
        divided(&[BATCH_BYTES_MAX + 1, 1, BATCH_BYTES_MAX], &[1, 1, 1]);
    }
}
