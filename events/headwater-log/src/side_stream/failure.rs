use std::error::Error;

use async_nats::jetstream;

use crate::Denial;

/// Why the broker didn't do what one attempt asked for.
#[derive(Debug)]
pub(crate) enum Failure {
    /// This connection may not ask, or not read the answer.
    Denied(Denial),
    /// The server refuses, and will refuse again.
    Refused(Refusal),
    /// No answer, or "not now". What was to be stored may be stored.
    Unavailable(Box<dyn Error + Send + Sync>),
}

/// The server's own words.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) code: u64,
    pub(crate) words: String,
}

impl Failure {
    pub(crate) fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }

    /// What will not change.
    pub(crate) fn refused(words: &str) -> Self {
        Self::Refused(Refusal { code: 0, words: words.to_owned() })
    }

    /// What an error that the server reports means: a status of 503 and some others pass, and the rest doesn't.
    pub(super) fn of(error: jetstream::Error) -> Self {
        let code = error.error_code().0;
        // A stream that is full says so in words only, under the code of storing that has failed.
        let full = error.to_string().contains("maximum");
        if !full && (error.code() == 503 || PASSING.contains(&code)) {
            return Self::Unavailable(error.into());
        }
        Self::Refused(Refusal { code, words: error.to_string() })
    }
}

/// Codes after which another attempt may do.
const PASSING: [u64; 6] = [
    10008, // the cluster has no leader
    10059, // there is no such stream (any more): whoever asks decides whether to make one
    10077, // storing has failed on one server, and may be done by another
    10158, // the same message is being stored
    10163, // the leader is new
    10167, // too many requests
];
