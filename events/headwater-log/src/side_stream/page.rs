use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::{Failure, Refusal, SideStream};
use crate::direct_get::{Answer, Answers, api_subject, header};

/// What is stored in a side stream.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) subject: String,
    pub(crate) sequence: u64,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
    /// When it was stored, by the server's clock, in microseconds since 1970.
    pub(crate) stored_us: Option<u64>,
}

impl SideStream {
    /// The next entries on such subjects from the sequence `from` on, as the server that answers has them, at most `max` of them and
    /// about so many bytes; and whether there are more. Each entry must come within the answer's time.
    ///
    /// It is a batched direct get (NATS ADR-31), and no consumer: it needs one permission, with the stream's name in it, and leaves
    /// nothing behind.
    pub(crate) async fn page(
        &self,
        subjects: &str,
        from: u64,
        max: usize,
        bytes_max: usize,
    ) -> Result<(Vec<Entry>, bool), Failure> {
        let request =
            json!({ "seq": from.max(1), "next_by_subj": subjects, "batch": max, "max_bytes": bytes_max });
        let api = api_subject(self.name());
        let asked = async {
            let until = Instant::now() + self.answer_max;
            let answers = timeout_at(until, Answers::to(&self.client, self.name(), &request)).await;
            let mut answers = answers.map_err(Failure::unavailable)?.map_err(Failure::unavailable)?;
            let mut entries = Vec::new();
            loop {
                let until = Instant::now() + self.answer_max;
                let answer = timeout_at(until, answers.next()).await.map_err(Failure::unavailable)?;
                match answer.map_err(Failure::unavailable)? {
                    Answer::Message(sequence, message) => entries.push(entry(sequence, message)?),
                    Answer::End { more } => return Ok((entries, more)),
                    Answer::NotFound(_) => return Ok((entries, false)),
                    Answer::Nobody => {
                        return Err(Failure::unavailable("no server answers for the stream"));
                    }
                    Answer::Refused(status, words) if [408, 413].contains(&status.as_u16()) => {
                        return Err(Failure::Refused(Refusal { code: status.as_u16().into(), words }));
                    }
                    Answer::Refused(status, words) => {
                        return Err(Failure::unavailable(format!("the server answered {status}: {words}")));
                    }
                }
            }
        };
        self.denials
            .or_denied(|denied| denied == api, asked)
            .await
            .unwrap_or_else(|denial| Err(Failure::Denied(denial)))
    }
}

fn entry(sequence: u64, answer: Message) -> Result<Entry, Failure> {
    let headers = answer.headers.unwrap_or_default();
    let subject = header(Some(&headers), "Nats-Subject");
    Ok(Entry {
        subject: subject
            .ok_or_else(|| Failure::unavailable("a direct get was answered without its subject"))?,
        sequence,
        payload: answer.payload,
        stored_us: header(Some(&headers), "Nats-Time-Stamp")
            .and_then(|time: jiff::Timestamp| u64::try_from(time.as_microsecond()).ok()),
        headers,
    })
}
