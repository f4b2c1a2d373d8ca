use std::process::{ExitCode, Termination};

use super::compat::Conclusion;

/// How a command about schemas ends. That something is wrong with the system differs from not knowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing is wrong.
    Fine,
    /// A violation was found.
    Violation,
    /// The options, or what they name, are wrong.
    Usage,
    /// Two schemas were compared, and it was not decided.
    Undecided,
    /// It could not be found out.
    CouldNotRun,
}

impl Termination for Outcome {
    fn report(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Fine => 0,
            Self::Violation => 1,
            Self::Usage | Self::Undecided => 2,
            Self::CouldNotRun => 3,
        })
    }
}

impl From<Conclusion> for Outcome {
    fn from(conclusion: Conclusion) -> Self {
        match conclusion {
            Conclusion::Compatible => Self::Fine,
            Conclusion::Incompatible => Self::Violation,
            Conclusion::Unknown => Self::Undecided,
        }
    }
}
