//! Events and notes by direct get (NATS ADR-31), from whichever server has them.

use std::collections::HashMap;
use std::error::Error;

use async_nats::{Message, StatusCode};
use bytes::Bytes;
use headwater_event::Domain;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::broker::Broker;
use super::message::stored;
use crate::direct_get::{Answer, Answers, api_subject, header};
use crate::{ReadError, StoredEvent};

/// How many messages one request asks for. The server answers in one go, so this bounds what is buffered.
const MESSAGES_PER_REQUEST: usize = 1000;

/// How many bytes one request asks for.
const BYTES_PER_REQUEST: usize = 8 * 1024 * 1024;

/// Reads up to `max` messages on `subjects` from the sequence `from` on, as the server that answers has them.
pub(super) async fn get(
    broker: &Broker,
    domain: &Domain,
    subjects: &str,
    from: u64,
    max: usize,
    deadline: Instant,
) -> Result<Vec<StoredEvent>, ReadError> {
    if max == 1 {
        return Ok(one(broker, domain, subjects, from.max(1), deadline).await?.into_iter().collect());
    }
    let mut events = Vec::new();
    let mut next = from.max(1);
    while events.len() < max {
        let batch = (max - events.len()).min(MESSAGES_PER_REQUEST);
        // Also what is sent waits: for room in the client's queue, while there is no connection.
        let until = deadline.min(Instant::now() + broker.config.answer_timeout);
        let page = timeout_at(until, page(broker, domain, subjects, next, batch, &mut events)).await;
        let more = page.map_err(|error| ReadError::unavailable(domain, error))??;
        match events.last() {
            Some(last) if more => next = last.sequence + 1,
            _ => break,
        }
    }
    Ok(events)
}

/// The first message. For a batch, even of one, the server counts what comes after it, and that costs it a
/// millisecond and more; for a single message it does not.
async fn one(
    broker: &Broker,
    domain: &Domain,
    subjects: &str,
    from: u64,
    deadline: Instant,
) -> Result<Option<StoredEvent>, ReadError> {
    let request = json!({ "seq": from, "next_by_subj": subjects }).to_string();
    let until = deadline.min(Instant::now() + broker.config.answer_timeout);
    let answer =
        timeout_at(until, broker.client.request(api_subject(&domain.stream()), request.into())).await;
    let answer = answer.map_err(|error| ReadError::unavailable(domain, error))?;
    let answer = answer.map_err(|error| ReadError::unavailable(domain, error))?;
    match answer.status {
        None => {
            let sequence = header(answer.headers.as_ref(), "Nats-Sequence").ok_or_else(|| {
                ReadError::unavailable(domain, "a direct get was answered without its sequence")
            })?;
            event(domain, sequence, &answer).map(Some)
        }
        Some(StatusCode::NOT_FOUND) => Ok(None),
        Some(status) => Err(refused(domain, status, answer.description.as_deref().unwrap_or_default())),
    }
}

/// One request for many. Says whether there are more messages after it.
async fn page(
    broker: &Broker,
    domain: &Domain,
    subjects: &str,
    from: u64,
    batch: usize,
    events: &mut Vec<StoredEvent>,
) -> Result<bool, ReadError> {
    let unavailable = |error| ReadError::unavailable(domain, error);
    let request =
        json!({ "seq": from, "next_by_subj": subjects, "batch": batch, "max_bytes": BYTES_PER_REQUEST });
    let mut answers = Answers::to(&broker.client, &domain.stream(), &request).await.map_err(unavailable)?;
    loop {
        match answers.next().await.map_err(unavailable)? {
            Answer::Message(sequence, message) => events.push(event(domain, sequence, &message)?),
            Answer::End { more } => return Ok(more),
            Answer::NotFound(_) => return Ok(false),
            Answer::Nobody => return Err(unavailable("no server answers for the stream".into())),
            Answer::Refused(status, words) => return Err(refused(domain, status, &words)),
        }
    }
}

/// The last message on each of these subjects that has one, all as they were at one moment. Where no server answers for the
/// stream, there is none.
pub(super) async fn last_of_each(
    broker: &Broker,
    stream: &str,
    subjects: &[&str],
    deadline: Instant,
) -> Result<HashMap<String, Bytes>, Box<dyn Error + Send + Sync>> {
    let request = json!({ "multi_last": subjects });
    let until = deadline.min(Instant::now() + broker.config.answer_timeout);
    timeout_at(until, async {
        let mut answers = Answers::to(&broker.client, stream, &request).await?;
        let mut last = HashMap::new();
        loop {
            match answers.next().await? {
                Answer::Message(_, message) => {
                    let subject = header::<String>(message.headers.as_ref(), "Nats-Subject");
                    let subject = subject.ok_or("a direct get was answered without its subject")?;
                    last.insert(subject, message.payload);
                }
                // A message that was replaced meanwhile isn't found either ("Message Not Found", and not "No Results"), and what was
                // found before it isn't of one moment.
                Answer::NotFound(words) if !last.is_empty() || words.contains("Message") => {
                    return Err("messages were replaced while they were read".into());
                }
                Answer::End { .. } | Answer::NotFound(_) | Answer::Nobody => return Ok(last),
                Answer::Refused(status, words) => {
                    return Err(format!("the server answered {status}: {words}").into());
                }
            }
        }
    })
    .await?
}

fn refused(domain: &Domain, status: StatusCode, words: &str) -> ReadError {
    ReadError::unavailable(domain, format!("the server answered {status}: {words}"))
}

fn event(domain: &Domain, sequence: u64, answer: &Message) -> Result<StoredEvent, ReadError> {
    let headers = answer.headers.as_ref();
    let stored_at = header(headers, "Nats-Time-Stamp")
        .ok_or_else(|| ReadError::unavailable(domain, "a direct get was answered without its time"))?;
    stored(domain, sequence, stored_at, headers, &answer.payload)
}
