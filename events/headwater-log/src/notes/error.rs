use std::error::Error;

use headwater_event::Aggregate;

use super::Note;

/// Why notes weren't kept, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum NoteError {
    /// A note is larger than the log takes. None was kept.
    #[error(
        "the note `{name}` on {aggregate} takes {bytes} bytes, and the log takes at most {max}; \
         divide it, or raise the server's `max_payload`"
    )]
    TooLarge {
        /// The aggregate.
        aggregate: Aggregate,
        /// The note's name.
        name: String,
        /// The size of the message, headers included, in bytes.
        bytes: usize,
        /// The largest size that the log takes, in bytes.
        max: usize,
    },
    /// A note has a name that no subject can hold. None was kept.
    #[error(
        "{name:?} can't name a note on {aggregate}: use letters, digits, `-` and `_`, {} at the most",
        Note::NAME_BYTES_MAX
    )]
    Name {
        /// The aggregate.
        aggregate: Aggregate,
        /// The name.
        name: String,
    },
    /// The server doesn't allow this connection to keep notes.
    #[error(
        "the server doesn't allow publishing to `{subject}`; its user needs the permission to keep notes"
    )]
    Denied {
        /// The aggregate.
        aggregate: Aggregate,
        /// What the server denies: a note's subject, or the request for its stream.
        subject: String,
    },
    /// There is a stream with the notes' name that would lose them. None was kept.
    #[error("the stream {stream} can't hold notes: {problem}; remove it, and it is made anew")]
    Unfit {
        /// The stream.
        stream: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The log refused a note. Some of the others may be kept.
    #[error("the log refused a note on {aggregate} (error {code}): {description}")]
    Refused {
        /// The aggregate.
        aggregate: Aggregate,
        /// The server's error code.
        code: u64,
        /// The server's words.
        description: String,
    },
    /// The log couldn't be reached before the deadline, or said "not now" all the time. Some of the notes may be kept:
    /// keeping them again is safe.
    #[error(
        "not all notes on {aggregate} are known to be kept, because the log is unavailable; keep them again"
    )]
    Unavailable {
        /// The aggregate.
        aggregate: Aggregate,
        /// What the last attempt reported.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl NoteError {
    pub(crate) fn unavailable(
        aggregate: &Aggregate,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable { aggregate: aggregate.clone(), source: source.into() }
    }

    /// Whether the log couldn't be reached, so that another attempt may succeed.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
