//! The JSON event format of CloudEvents 1.0: what is read, what is refused and why, and what is written.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

mod accepted;
mod official_cases;
mod refused;
mod written;

use std::error::Error;

use bytes::Bytes;
use headwater_event::{Envelope, EnvelopeBuilder, EnvelopeError};

fn read(document: impl Into<String>) -> Result<Envelope, EnvelopeError> {
    Envelope::from_json(&Bytes::from(document.into()))
}

/// The smallest valid event, and `members` (each with its comma before it) in addition.
fn event(members: &str) -> String {
    format!(r#"{{"specversion":"1.0","id":"1","source":"/till","type":"org.example.paid"{members}}}"#)
}

/// A builder of the same event.
fn minimal() -> EnvelopeBuilder {
    Envelope::builder("1", "/till", "org.example.paid")
}

/// The smallest event, at a time.
fn at(time: &str) -> EnvelopeBuilder {
    minimal().time(time.parse().unwrap())
}

/// What an operator reads: the error and the errors behind it.
fn explain(error: &dyn Error) -> String {
    let source = error.source().map(|source| format!(": {}", explain(source)));
    format!("{error}{}", source.unwrap_or_default())
}

/// Checks a whole table, so that one run shows every row that is wrong.
fn assert_refused(cases: &[(&str, String, &str)]) {
    let mut wrong = String::new();
    for (case, document, expected) in cases {
        let message = match read(document.as_str()) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => explain(&error),
        };
        if message != *expected {
            wrong.push_str(&format!("{case}\n  expected: {expected}\n  was:      {message}\n"));
        }
    }
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn assert_accepted(cases: impl IntoIterator<Item = (&'static str, String, EnvelopeBuilder)>) {
    for (case, document, expected) in cases {
        let envelope = read(document).unwrap_or_else(|error| panic!("{case}: {}", explain(&error)));
        assert_eq!(envelope, expected.build().unwrap(), "{case}");
    }
}
