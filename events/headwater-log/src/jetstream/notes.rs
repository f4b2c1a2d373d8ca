//! Notes beside the events, in one stream for each domain that has some.
//!
//! A connection that reads them needs the permission to publish to `$JS.API.STREAM.MSG.GET.NOTES_<domain>`; one that keeps them, to `note.<domain>.>`, `$JS.API.STREAM.INFO.NOTES_<domain>` and
//! `$JS.API.STREAM.CREATE.NOTES_<domain>`.

use std::collections::HashSet;
use std::error::Error;
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_nats::HeaderMap;
use async_nats::header::NATS_EXPECTED_STREAM;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::LastRawMessageErrorKind;
use bytes::Bytes;
use futures::future::join_all;
use headwater_event::{Aggregate, Domain};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::config::notes_problem;
use super::log::Broker;
use super::verdict::{Verdict, verdict};
use crate::notes::{NewNote, is_name, new_notes};
use crate::retry::Backoff;
use crate::{Denial, Note, NoteError, ReadError};

/// Reads and keeps notes.
pub(super) struct Notes {
    broker: Arc<Broker>,
    /// Room for notes in flight.
    room: Semaphore,
    /// The domains whose streams are there, and fit to hold notes.
    fit: Mutex<HashSet<Domain>>,
}

/// How many notes may be in flight. Each may be as large as a message can be.
const NOTES_IN_FLIGHT: usize = 32;

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
        let Some((last, others)) = notes.split_last() else { return Ok(()) };
        let mut backoff = Backoff::until(deadline);
        loop {
            self.open(aggregate, deadline).await?;
            let publishing = async {
                // The last one may rely on the others, so they must be there before it is sent.
                self.publish_all(aggregate, others, deadline).await?;
                self.publish_all(aggregate, slice::from_ref(last), deadline).await
            };
            let failure = match publishing.await {
                Ok(()) => return Ok(()),
                Err(Halt::Failed(error)) => return Err(error),
                Err(Halt::NoStream(failure)) => failure,
            };
            // If the stream was removed, so were the notes that it had: all of them are kept once more.
            self.lock().remove(aggregate.domain());
            if !backoff.wait().await {
                return Err(NoteError::unavailable(aggregate, failure));
            }
            tracing::debug!(%aggregate, error = %failure, "keeping notes again");
        }
    }

    /// Makes sure that there is a stream for the notes. Asked once, as long as it takes them.
    async fn open(&self, aggregate: &Aggregate, deadline: Instant) -> Result<(), NoteError> {
        let domain = aggregate.domain();
        if self.lock().contains(domain) {
            return Ok(());
        }
        let wanted = self.broker.config.notes(domain);
        let opened = self.broker.opened(&wanted, deadline).await;
        let info = opened.map_err(|failure| NoteError::unavailable(aggregate, failure))?;
        if let Some(problem) = notes_problem(&info.config, &wanted) {
            return Err(NoteError::Unfit { stream: wanted.name, problem });
        }
        self.lock().insert(domain.clone());
        Ok(())
    }

    /// Publishes notes, in any order, until all are acknowledged.
    async fn publish_all(
        &self,
        aggregate: &Aggregate,
        notes: &[NewNote],
        deadline: Instant,
    ) -> Result<(), Halt> {
        let unavailable = |failure: Failure| Halt::Failed(NoteError::unavailable(aggregate, failure));
        let stream = aggregate.domain().notes_stream();
        let mut backoff = Backoff::until(deadline);
        let mut waiting: Vec<_> = notes.iter().collect();
        loop {
            let publishing = join_all(waiting.iter().map(|note| self.publish(&stream, note)));
            let verdicts = timeout_at(deadline, publishing).await.map_err(|e| unavailable(e.into()))?;
            let (mut again, mut failure) = (Vec::new(), None);
            for (note, verdict) in waiting.into_iter().zip(verdicts) {
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
                again.push(note);
            }
            let Some(failure) = failure else { return Ok(()) };
            if !backoff.wait().await {
                return Err(unavailable(failure));
            }
            tracing::debug!(%aggregate, error = %failure, "publishing notes again");
            waiting = again;
        }
    }

    /// Publishes a note once, when there is room for it.
    async fn publish(&self, stream: &str, note: &NewNote) -> Verdict {
        let _room = self.room.acquire().await;
        let mut headers = HeaderMap::new();
        // A stream of somebody else with the same subjects would take it, and nobody would find it there.
        headers.insert(NATS_EXPECTED_STREAM, stream);
        let message = PublishMessage::build().headers(headers).payload(note.content.clone());
        match self.broker.context.send_publish(note.subject.clone(), message).await {
            Ok(answer) => verdict(answer.await),
            Err(error) => Verdict::NotNow(error.into()),
        }
    }

    /// Whether there was no stream a moment ago.
    /// A panic elsewhere can't have left the map half-changed: whatever it holds is only a shortcut.
    fn lock(&self) -> MutexGuard<'_, HashSet<Domain>> {
        self.fit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
