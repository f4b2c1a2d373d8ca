//! Batched direct get (NATS ADR-31): many messages for one request, from whichever server has them.

use std::collections::HashMap;
use std::error::Error;
use std::str::FromStr;

use async_nats::{HeaderMap, Message, StatusCode};
use bytes::Bytes;
use futures::StreamExt as _;
use headwater_event::Domain;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::broker::Broker;
use super::message::stored;
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
        None => event(domain, &answer).map(Some),
        Some(StatusCode::NOT_FOUND) => Ok(None),
        Some(status) => Err(refused(domain, status, &answer)),
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
    let unavailable = |error: Box<dyn Error + Send + Sync>| ReadError::unavailable(domain, error);
    let client = &broker.client;
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.map_err(|error| unavailable(error.into()))?;
    let request =
        json!({ "seq": from, "next_by_subj": subjects, "batch": batch, "max_bytes": BYTES_PER_REQUEST });
    client
        .publish_with_reply(api_subject(&domain.stream()), inbox, request.to_string().into())
        .await
        .map_err(|error| unavailable(error.into()))?;
    loop {
        let answer = answers.next().await.ok_or_else(|| unavailable("the connection was closed".into()))?;
        match answer.status {
            None => events.push(event(domain, &answer)?),
            // The end of the batch.
            Some(status) if status.as_u16() == 204 => {
                return Ok(header(answer.headers.as_ref(), "Nats-Num-Pending").is_some_and(|n: u64| n > 0));
            }
            Some(StatusCode::NOT_FOUND) => return Ok(false),
            Some(StatusCode::NO_RESPONDERS) => {
                return Err(unavailable("no server answers for the stream".into()));
            }
            Some(status) => return Err(refused(domain, status, &answer)),
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
    let request = json!({ "multi_last": subjects }).to_string();
    let until = deadline.min(Instant::now() + broker.config.answer_timeout);
    timeout_at(until, async {
        let inbox = broker.client.new_inbox();
        let mut answers = broker.client.subscribe(inbox.clone()).await?;
        broker.client.publish_with_reply(api_subject(stream), inbox, request.into()).await?;
        let mut last = HashMap::new();
        loop {
            let answer = answers.next().await.ok_or("the connection was closed")?;
            match answer.status {
                None => {
                    let subject = header::<String>(answer.headers.as_ref(), "Nats-Subject");
                    let subject = subject.ok_or("a direct get was answered without its subject")?;
                    last.insert(subject, answer.payload);
                }
                // The end of the batch.
                Some(status) if status.as_u16() == 204 => return Ok(last),
                // A message that was replaced meanwhile isn't found either ("Message Not Found", and not "No Results"), and what was
                // found before it isn't of one moment.
                Some(StatusCode::NOT_FOUND)
                    if !last.is_empty()
                        || answer.description.as_deref().is_some_and(|d| d.contains("Message")) =>
                {
                    return Err("messages were replaced while they were read".into());
                }
                Some(StatusCode::NOT_FOUND | StatusCode::NO_RESPONDERS) => return Ok(last),
                Some(status) => {
                    let words = answer.description.as_deref().unwrap_or_default();
                    return Err(format!("the server answered {status}: {words}").into());
                }
            }
        }
    })
    .await?
}

/// Where a stream takes direct gets.
pub(super) fn api_subject(stream: &str) -> String {
    format!("$JS.API.DIRECT.GET.{stream}")
}

fn refused(domain: &Domain, status: StatusCode, answer: &Message) -> ReadError {
    let words = answer.description.as_deref().unwrap_or_default();
    ReadError::unavailable(domain, format!("the server answered {status}: {words}"))
}

fn event(domain: &Domain, answer: &Message) -> Result<StoredEvent, ReadError> {
    let incomplete =
        || ReadError::unavailable(domain, "a direct get was answered without its sequence or time");
    let headers = answer.headers.as_ref();
    let sequence = header(headers, "Nats-Sequence").ok_or_else(incomplete)?;
    let stored_at = header(headers, "Nats-Time-Stamp").ok_or_else(incomplete)?;
    stored(domain, sequence, stored_at, headers, &answer.payload)
}

fn header<T: FromStr>(headers: Option<&HeaderMap>, name: &str) -> Option<T> {
    headers?.get(name)?.as_str().parse().ok()
}
