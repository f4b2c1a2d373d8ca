use std::error::Error;

use async_nats::{Message, StatusCode, jetstream};
use serde::Deserialize;

/// What a message does in its batch: the last but one token of its reply subject.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation {
    Begin = 0,
    Append = 1,
    /// Ends the batch, and isn't stored itself.
    End = 3,
    /// Asks for the last acknowledgement once more; isn't stored and has the number of the last message.
    Ping = 4,
}

/// The reply subject by which a message tells the server its place. The batch tolerates no gap: whatever the
/// server can't store ends the batch there, so that what is stored is always a beginning of what was sent.
pub(super) fn reply(inbox: &str, batch: &str, flow: u64, number: u64, operation: Operation) -> String {
    format!("{inbox}.{batch}.{flow}.fail.{number}.{}.$FI", operation as u8)
}

/// What the server says in a batch.
#[derive(Debug)]
pub(super) enum Answer {
    /// All messages up to `number` are stored, and one is acknowledged in `flow`. The first of a batch has the
    /// number 0: it only says how fast to go on.
    Stored { number: u64, flow: u64 },
    /// The message `number` was not stored, and none after it.
    Refused { number: u64, error: jetstream::Error },
    /// The batch is over: its first `count` messages are stored, and `last` is the sequence of the last of them.
    Over { count: u64, last: u64 },
    /// A message was lost on its way; the batch ends before it.
    Gap,
}

/// The body of an answer. A final one has no `type`.
#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    msgs: u64,
    #[serde(default)]
    count: u64,
    error: Option<jetstream::Error>,
}

/// Reads an answer.
pub(super) fn answer(message: &Message) -> Result<Answer, Box<dyn Error + Send + Sync>> {
    if message.status == Some(StatusCode::NO_RESPONDERS) {
        return Err("nobody stores the stream's subjects at the moment".into());
    }
    let body: Body = serde_json::from_slice(&message.payload)?;
    Ok(match (body.kind.as_deref(), body.error) {
        (Some("ack"), _) => Answer::Stored { number: body.seq, flow: body.msgs.max(1) },
        (Some("err"), Some(error)) => Answer::Refused { number: body.seq, error },
        (Some("gap"), _) => Answer::Gap,
        // What the server refuses before it looks at the batch is named by the subject alone.
        (None, Some(error)) => Answer::Refused { number: number(&message.subject), error },
        (None, None) => Answer::Over { count: body.count, last: body.seq },
        (Some(kind), _) => return Err(format!("an answer of the unknown type {kind:?}").into()),
    })
}

/// The number of the message that is answered on this subject; 0 when it has none.
fn number(subject: &str) -> u64 {
    subject.rsplit('.').nth(2).and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn read(number: u64, operation: Operation, body: &'static str) -> Answer {
        answer(&message(reply("_INBOX.x", "b", 500, number, operation), body, None)).unwrap()
    }

    fn message(subject: String, body: &'static str, status: Option<StatusCode>) -> Message {
        Message {
            subject: subject.into(),
            reply: None,
            payload: Bytes::from_static(body.as_bytes()),
            headers: None,
            status,
            description: None,
            length: 0,
        }
    }

    #[test]
    fn the_reply_subject_tells_the_server_everything() {
        assert_eq!(reply("_INBOX.x", "b", 500, 7, Operation::Append), "_INBOX.x.b.500.fail.7.1.$FI");
        assert_eq!(reply("_INBOX.x", "b", 500, 8, Operation::End), "_INBOX.x.b.500.fail.8.3.$FI");
    }

    #[test]
    fn an_acknowledgement_says_what_is_stored_and_how_to_go_on() {
        let answer = read(10, Operation::Append, r#"{"type":"ack","seq":10,"msgs":5}"#);
        assert!(matches!(answer, Answer::Stored { number: 10, flow: 5 }), "{answer:?}");
    }

    #[test]
    fn a_flow_of_none_would_stop_the_load_for_ever() {
        let answer = read(1, Operation::Begin, r#"{"type":"ack","seq":0,"msgs":0}"#);
        assert!(matches!(answer, Answer::Stored { number: 0, flow: 1 }), "{answer:?}");
    }

    #[test]
    fn a_refusal_names_the_message_in_its_body_or_in_its_subject() {
        const ERROR: &str =
            r#"{"type":"err","seq":3,"error":{"code":400,"err_code":10071,"description":"d"}}"#;
        let answer = read(4, Operation::Append, ERROR);
        assert!(matches!(&answer, Answer::Refused { number: 3, error } if error.error_code().0 == 10071));
        const FINAL: &str =
            r#"{"error":{"code":400,"err_code":10054,"description":"d"},"stream":"S","seq":0}"#;
        let answer = read(4, Operation::Append, FINAL);
        assert!(matches!(&answer, Answer::Refused { number: 4, error } if error.error_code().0 == 10054));
    }

    #[test]
    fn the_end_says_how_much_of_the_batch_is_stored() {
        let answer = read(6, Operation::End, r#"{"stream":"S","seq":105,"batch":"b","count":5}"#);
        assert!(matches!(answer, Answer::Over { count: 5, last: 105 }), "{answer:?}");
        let gap = read(6, Operation::Append, r#"{"type":"gap","last_seq":5,"seq":6}"#);
        assert!(matches!(gap, Answer::Gap), "{gap:?}");
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let subject = || reply("_INBOX.x", "b", 500, 1, Operation::Begin);
        assert!(answer(&message(subject(), "", Some(StatusCode::NO_RESPONDERS))).is_err());
        assert!(answer(&message(subject(), "", None)).is_err());
        assert!(answer(&message(subject(), r#"{"type":"new"}"#, None)).is_err());
    }
}
