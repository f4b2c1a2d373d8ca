use std::process::{ExitCode, Termination};

/// How a command of Headwater ends: a finding differs from a failure, and both from bad options.
///
/// # Example: from `main`
///
/// ```
/// use headwater_log::service::Exit;
///
/// fn main() -> Exit {
///     let skipped_rows = 0;
///     if skipped_rows > 0 { Exit::RecordsSkipped } else { Exit::Ok }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Exit {
    /// Everything was done.
    Ok = 0,
    /// Something went wrong while running; standard error says what.
    Failed = 1,
    /// The options, or a file that they name, are wrong; nothing was done.
    Usage = 2,
    /// Finished, but some records of the input could not be read and were left out.
    RecordsSkipped = 3,
    /// Finished, but a projection differs from the figures that were recomputed from the input.
    NotEqual = 4,
    /// The broker could not be reached; trying again later may help.
    Unavailable = 5,
    /// Not started: the contract or the schemas don't fit the services that are running.
    Misfit = 6,
    /// Ended at once by a second signal, Ctrl-C (128 + SIGINT).
    Interrupted = 130,
    /// Ended at once by a second signal, SIGTERM (128 + SIGTERM).
    Terminated = 143,
}

impl Exit {
    /// The codes for the end of a service's `--help`.
    pub const HELP: &'static str = "\
Exit codes:
  0    done, or stopped when asked to
  1    something went wrong while running
  2    bad options, or a file that they name is wrong
  3    finished, but rows of the records could not be read
  5    the log could not be reached
  6    not started: it doesn't fit the services that are running
  130  ended at once by a second Ctrl-C
  143  ended at once by a second SIGTERM";

    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl Termination for Exit {
    fn report(self) -> ExitCode {
        self.code().into()
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.report()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_its_documented_codes() {
        use Exit::*;
        let codes =
            [Ok, Failed, Usage, RecordsSkipped, NotEqual, Unavailable, Misfit, Interrupted, Terminated];
        assert_eq!(codes.map(Exit::code), [0, 1, 2, 3, 4, 5, 6, 130, 143]);
    }
}
