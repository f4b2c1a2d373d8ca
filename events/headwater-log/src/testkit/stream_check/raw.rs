use std::error::Error;
use std::str::FromStr;

use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{RawMessageErrorKind, Stream};
use async_nats::{Client, HeaderMap, header, jetstream};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use headwater_event::{Aggregate, Domain, Envelope};

use super::StreamCheckError;
use super::held::{BatchPlace, Condition, Guard, Held};
use crate::testkit::EventName;

/// How many messages are asked for at the same time.
const IN_FLIGHT: usize = 64;

type Failure = Box<dyn Error + Send + Sync>;

/// All messages, from the stream's leader, and the last sequence. A sequence that holds none is left out.
pub(super) async fn read(client: &Client, domain: &Domain) -> Result<(Vec<Held>, u64), StreamCheckError> {
    let name = domain.stream();
    let broker = |source: Failure| StreamCheckError::Broker { stream: name.clone(), source };
    let jetstream = jetstream::new(client.clone());
    let stream = jetstream.get_stream(&name).await.map_err(|error| broker(error.into()))?;
    let last = stream.cached_info().state.last_sequence;
    let messages: Vec<_> = stream::iter(1..=last)
        .map(|sequence| get(&stream, sequence))
        .buffered(IN_FLIGHT)
        .try_collect()
        .await
        .map_err(broker)?;
    let held = messages.into_iter().flatten().map(|message| {
        held(&message).map_err(|source| StreamCheckError::NoAggregate { sequence: message.sequence, source })
    });
    Ok((held.collect::<Result<_, _>>()?, last))
}

async fn get(stream: &Stream, sequence: u64) -> Result<Option<StreamMessage>, Failure> {
    match stream.get_raw_message(sequence).await {
        Ok(message) => Ok(Some(message)),
        Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn held(message: &StreamMessage) -> Result<Held, Failure> {
    let (aggregate, _) = Aggregate::of_subject(&message.subject)?;
    let headers = message.headers.iter().flat_map(|(name, values)| {
        values.iter().map(move |value| (AsRef::<str>::as_ref(name), value.as_str()))
    });
    let envelope = Envelope::from_message(headers, &message.payload)?;
    Ok(Held {
        sequence: message.sequence,
        aggregate,
        event: EventName::of(&envelope),
        condition: Some(condition(&message.headers)?),
    })
}

fn condition(headers: &HeaderMap) -> Result<Condition, Failure> {
    let subjects = text(headers, "Nats-Expected-Last-Subject-Sequence-Subject").unwrap_or_default();
    let expected = number(headers, header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE.as_ref())?;
    let guard = expected.map(|expected| Guard { expected, subjects: subjects.to_owned() });
    let place = |batch: &str| -> Result<BatchPlace, Failure> {
        let number = number(headers, "Nats-Batch-Sequence")?.ok_or("a batch's message without a number")?;
        let commits = text(headers, "Nats-Batch-Commit").is_some();
        Ok(BatchPlace { batch: batch.to_owned(), number, commits })
    };
    let batch = text(headers, "Nats-Batch-Id").map(place).transpose()?;
    Ok(Condition { guard, batch })
}

fn number(headers: &HeaderMap, name: &str) -> Result<Option<u64>, Failure> {
    Ok(text(headers, name).map(u64::from_str).transpose()?)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    Some(headers.get(name)?.as_str())
}
