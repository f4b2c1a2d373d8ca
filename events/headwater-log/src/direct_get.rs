//! Batched direct get (NATS ADR-31): many messages for one request, from whichever server has them.

use std::error::Error;
use std::str::FromStr;

use async_nats::{Client, HeaderMap, Message, StatusCode, Subscriber};
use futures::StreamExt as _;
use serde_json::Value;

type Failure = Box<dyn Error + Send + Sync>;

/// The answers to one request, none of which is missing.
///
/// The server sends them without waiting, to an inbox that outlives the connection. A client that loses its connection
/// meanwhile, and is soon back, hears the end and not the middle; but each answer names the one before it.
pub(crate) struct Answers {
    inbox: Subscriber,
    /// The sequence of the last message, 0 before the first one.
    last: u64,
}

pub(crate) enum Answer {
    /// A message, and where it is stored.
    Message(u64, Message),
    /// That was all, and whether there is more than was asked for.
    End { more: bool },
    /// There is no such message, in the server's words.
    NotFound(String),
    /// Nobody answers for the stream.
    Nobody,
    /// Anything else that the server says.
    Refused(StatusCode, String),
}

impl Answers {
    /// Asks. There is no time limit here: also what is sent waits, for room in the client's queue while there is no connection.
    pub(crate) async fn to(client: &Client, stream: &str, request: &Value) -> Result<Self, Failure> {
        let inbox = client.new_inbox();
        let answers = client.subscribe(inbox.clone()).await?;
        client.publish_with_reply(api_subject(stream), inbox, request.to_string().into()).await?;
        Ok(Self { inbox: answers, last: 0 })
    }

    /// The next answer. An error means that this and what comes after it is lost, and that whoever needs it asks again.
    pub(crate) async fn next(&mut self) -> Result<Answer, Failure> {
        let answer = self.inbox.next().await.ok_or("the connection was closed")?;
        let headers = answer.headers.as_ref();
        let words = || answer.description.as_deref().unwrap_or_default().to_owned();
        match answer.status {
            None => {
                self.follows(headers)?;
                let sequence = header(headers, "Nats-Sequence");
                self.last = sequence.ok_or("a direct get was answered without a sequence")?;
                Ok(Answer::Message(self.last, answer))
            }
            Some(status) if status.as_u16() == 204 => {
                self.follows(headers)?;
                Ok(Answer::End { more: header(headers, "Nats-Num-Pending").is_some_and(|n: u64| n > 0) })
            }
            Some(StatusCode::NOT_FOUND) => Ok(Answer::NotFound(words())),
            Some(StatusCode::NO_RESPONDERS) => Ok(Answer::Nobody),
            Some(status) => Ok(Answer::Refused(status, words())),
        }
    }

    fn follows(&self, headers: Option<&HeaderMap>) -> Result<(), Failure> {
        match header(headers, "Nats-Last-Sequence") {
            Some(last) if last == self.last => Ok(()),
            Some::<u64>(last) => Err(format!(
                "a part of the answer was lost: it goes on after sequence {last}, and {} had come",
                self.last
            )
            .into()),
            None => Err("a direct get was answered without the sequence before it".into()),
        }
    }
}

/// Where a stream takes direct gets.
pub(crate) fn api_subject(stream: &str) -> String {
    format!("$JS.API.DIRECT.GET.{stream}")
}

/// A header that can be read as what it should be.
pub(crate) fn header<T: FromStr>(headers: Option<&HeaderMap>, name: &str) -> Option<T> {
    headers?.get(name)?.as_str().parse().ok()
}
