use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use headwater_event::{Domain, EnvelopeError};

/// Why a text is no recording, and where.
#[derive(Debug)]
pub struct RecordingError {
    /// The file, if it is one.
    pub path: Option<PathBuf>,
    /// The number of the line, from 1; none when the file itself can't be read.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: RecordingProblem,
}

/// What is wrong with a recording, or with one of its lines.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordingProblem {
    /// The file isn't there, or isn't text.
    #[error("the recording can't be read")]
    Unreadable {
        /// What the operating system reports.
        source: io::Error,
    },
    /// The line is no CloudEvent in JSON.
    #[error("the line is not a CloudEvent as `headwater events tail --format json` prints it")]
    NotAnEvent {
        /// What is wrong with it.
        source: EnvelopeError,
    },
    /// The event isn't of the form that our events have.
    #[error("the event is not one of an aggregate: {problem}")]
    NotOurs {
        /// What it lacks.
        problem: String,
    },
    /// The sequence is no number that a stream has.
    #[error("`streamsequence` is {value}, and must be a number from 1")]
    Sequence {
        /// What stands there.
        value: String,
    },
    /// The sequence isn't higher than that of the event before.
    #[error(
        "`streamsequence` is {sequence} and follows {last}; sequences of a domain rise from line to line"
    )]
    Order {
        /// The event's sequence.
        sequence: u64,
        /// The sequence of the domain's event before.
        last: u64,
    },
    /// Some events of a domain have sequences, and others haven't.
    #[error(
        "some events of the domain {domain} have a `streamsequence`, and some have none; \
         give it to all of them, or take it from all"
    )]
    HalfNumbered {
        /// The domain.
        domain: Domain,
    },
    /// The event stands there twice.
    #[error("the event {event:?} is on line {first} already")]
    Twice {
        /// The event's id.
        event: String,
        /// The line on which it stands first.
        first: usize,
    },
}

impl RecordingError {
    pub(super) fn unreadable(path: &Path, source: io::Error) -> Self {
        let problem = RecordingProblem::Unreadable { source };
        Self { path: Some(path.to_owned()), line: None, problem }
    }

    pub(super) fn on_line(line: usize, problem: RecordingProblem) -> Self {
        Self { path: None, line: Some(line), problem }
    }

    pub(super) fn in_file(self, path: &Path) -> Self {
        Self { path: Some(path.to_owned()), ..self }
    }
}

/// As compilers write it: `tests/recorded/ann.jsonl:3: what is wrong`.
impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.path, self.line) {
            (Some(path), Some(line)) => write!(f, "{}:{line}: ", path.display())?,
            (Some(path), None) => write!(f, "{}: ", path.display())?,
            (None, Some(line)) => write!(f, "line {line}: ")?,
            (None, None) => {}
        }
        self.problem.fmt(f)
    }
}

impl Error for RecordingError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.problem.source()
    }
}
