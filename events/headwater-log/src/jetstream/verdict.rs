use std::error::Error;

use async_nats::{Message, StatusCode};
use serde::Deserialize;

use crate::Denial;

/// What the server says to an append.
#[derive(Debug)]
pub(super) enum Verdict {
    /// The last message is here; or, for a single one, it was stored before.
    Stored {
        sequence: u64,
        duplicate: bool,
    },
    /// Somebody was first, and it may have been an earlier attempt of ours.
    Conflict,
    /// An event of the batch was stored before.
    Duplicates,
    /// Nobody listens: there is no stream, or no leader of it.
    NoStream(Box<dyn Error + Send + Sync>),
    Refused {
        code: u64,
        description: String,
    },
    /// This connection may not publish there, or not read the answer.
    Denied(Denial),
    /// Nothing was stored: it wasn't sent, or the answer means "not now".
    NotNow(Box<dyn Error + Send + Sync>),
    /// No answer came, so it may have been stored.
    Lost(Box<dyn Error + Send + Sync>),
}

/// Codes by which the server says that the aggregate isn't at the expected version: as it is stored, and
/// as a write in flight will leave it. The client knows only the first by name.
const CONFLICT: [u64; 2] = [10071, 10164];

/// The code by which the server says that a batch holds an event that it has.
const DUPLICATES: u64 = 10201;

/// Codes after which the event may be stored, now or soon.
const LOST: [u64; 2] = [
    10077, // storing has failed: on another replica, or at the next start, it may be there
    10158, // the same event is being stored: an earlier attempt of ours
];

/// Codes by which the server says "not now".
const RETRYABLE: [u64; 5] = [
    10008, // the cluster has no leader
    10163, // the leader is new, and doesn't know the aggregate's version yet
    10167, // too many requests
    10176, // the batch's beginning was lost, for example with the last leader
    10210, // too many batches in flight
];

/// Whether it means that the aggregate isn't at the expected version.
pub(super) fn is_conflict(code: u64) -> bool {
    CONFLICT.contains(&code)
}

/// Whether it means "not now".
pub(super) fn is_retryable(error: &async_nats::jetstream::Error) -> bool {
    RETRYABLE.contains(&error.error_code().0) || error.code() == 503
}

/// What a server answers to a message: an acknowledgement, or an error.
#[derive(Deserialize)]
struct Acknowledgement {
    error: Option<async_nats::jetstream::Error>,
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
}

impl Verdict {
    /// What a server's answer to a published message means.
    pub(super) fn of(answer: &Message) -> Self {
        if answer.status == Some(StatusCode::NO_RESPONDERS) {
            return Self::NoStream("no stream of events takes the subject, or it has no leader".into());
        }
        match serde_json::from_slice(&answer.payload) {
            Ok(Acknowledgement { error: Some(error), .. }) => Self::of_error(error),
            Ok(Acknowledgement { seq: Some(sequence), duplicate, .. }) => {
                Self::Stored { sequence, duplicate }
            }
            Ok(_) => Self::Lost("the server's answer names no sequence".into()),
            Err(error) => Self::Lost(error.into()),
        }
    }

    fn of_error(error: async_nats::jetstream::Error) -> Self {
        match error.error_code().0 {
            code if LOST.contains(&code) => Self::Lost(error.into()),
            DUPLICATES => Self::Duplicates,
            code if is_conflict(code) => Self::Conflict,
            _ if is_retryable(&error) => Self::NotNow(error.into()),
            code => Self::Refused { code, description: error.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: Option<StatusCode>, json: &str) -> Verdict {
        Verdict::of(&Message {
            subject: "_INBOX.1.1".into(),
            reply: None,
            payload: json.to_owned().into(),
            headers: None,
            status,
            description: None,
            length: json.len(),
        })
    }

    fn answer(http_code: u64, code: u64) -> Verdict {
        let error = format!(r#"{{"code":{http_code},"err_code":{code},"description":"words"}}"#);
        verdict(None, &format!(r#"{{"stream":"EVT_orders","seq":0,"error":{error}}}"#))
    }

    #[test]
    fn an_acknowledgement_says_where_the_event_is() {
        let stored = verdict(None, r#"{"stream":"EVT_orders","seq":7}"#);
        assert!(matches!(stored, Verdict::Stored { sequence: 7, duplicate: false }), "{stored:?}");
        let known = verdict(None, r#"{"stream":"EVT_orders","seq":7,"duplicate":true}"#);
        assert!(matches!(known, Verdict::Stored { sequence: 7, duplicate: true }), "{known:?}");
    }

    #[test]
    fn both_codes_of_a_wrong_version_are_a_conflict() {
        assert!(matches!(answer(400, 10071), Verdict::Conflict));
        assert!(matches!(answer(400, 10164), Verdict::Conflict));
    }

    #[test]
    fn a_batch_with_a_known_event_is_looked_up() {
        assert!(matches!(answer(400, 10201), Verdict::Duplicates));
    }

    #[test]
    fn what_means_not_now_is_tried_again() {
        for (http_code, code) in [(503, 10163), (503, 10008), (429, 10167), (429, 10210), (400, 10176)] {
            assert!(matches!(answer(http_code, code), Verdict::NotNow(_)), "{code}");
        }
    }

    #[test]
    fn what_failed_while_it_was_stored_may_be_stored() {
        assert!(matches!(answer(503, 10077), Verdict::Lost(_)));
        assert!(matches!(answer(409, 10158), Verdict::Lost(_)));
    }

    #[test]
    fn what_will_not_change_is_refused_with_the_server_s_words() {
        let Verdict::Refused { code, description } = answer(400, 10174) else { panic!("not refused") };
        assert_eq!(code, 10174);
        assert!(description.contains("words"), "{description}");
    }

    #[test]
    fn after_an_answer_that_says_nothing_it_may_be_stored_and_nobody_is_asked_about() {
        for json in ["", "{}", "+ACK", r#"{"stream":"EVT_orders"}"#] {
            assert!(matches!(verdict(None, json), Verdict::Lost(_)), "{json}");
        }
        assert!(matches!(verdict(Some(StatusCode::NO_RESPONDERS), ""), Verdict::NoStream(_)));
    }
}
