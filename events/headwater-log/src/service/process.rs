use std::error::Error;
use std::future::Future;
use std::io::{IsTerminal as _, Write as _};

use super::{AnnounceError, ConnectError, Exit, Logs, Shutdown};
use crate::{AppendError, EmbeddedError, OpenError, ReadError};

/// Runs a service's main part: with logs, on a runtime, and until it is asked to stop. What it fails with
/// is one line on standard error, below the findings if it doesn't fit the services that are running, and an exit code that says of which kind it is.
pub fn run<F>(logs: &Logs, main: impl FnOnce(Shutdown) -> F) -> Exit
where
    F: Future<Output = Result<Exit, Failure>>,
{
    let ran = || -> Result<Exit, Failure> {
        logs.init()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async {
            let shutdown = Shutdown::on_signals()?;
            main(shutdown).await
        })
    };
    ran().unwrap_or_else(|failure| {
        let mut stderr = std::io::stderr();
        // There is nobody left to tell when standard error is closed.
        if let Some(details) = &failure.details {
            let _ = writeln!(stderr, "{}\n", details.trim_end());
        }
        let _ = writeln!(stderr, "error: {}", failure.line);
        failure.exit
    })
}

/// Why a process ends early: a line for a person, and a code for a script.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    line: String,
    /// What a person looks at first, above the line.
    details: Option<String>,
}

impl Failure {
    /// Ends with this code, and says the error and what caused it.
    pub fn new(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        Self { exit, line: report(error), details: details_of(error) }
    }
}

/// An error and its causes, in one line.
///
/// Some errors print their causes themselves, the NATS client's among them; none is printed twice.
pub fn report(error: &(dyn Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !line.contains(&text) {
            line = format!("{line}: {text}");
        }
        cause = error.source();
    }
    line
}

/// What is unreachable is said to be so by the exit code; everything else is a failure.
impl<E: Error + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        let mut exit = None;
        while let (None, Some(error)) = (exit, cause) {
            exit = exit_of(error);
            cause = error.source();
        }
        Self::new(exit.unwrap_or(Exit::Failed), &error)
    }
}

fn exit_of(error: &(dyn Error + 'static)) -> Option<Exit> {
    let unavailable = matches!(find(error), Some(OpenError::Unavailable { .. }))
        || matches!(find(error), Some(ReadError::Unavailable { .. } | ReadError::Unlisted { .. }))
        || find(error).is_some_and(AppendError::is_unavailable)
        || find::<EmbeddedError>(error).is_some()
        || find(error).is_some_and(AnnounceError::is_unavailable);
    if let Some(AnnounceError::Misfit { .. }) = find(error) {
        return Some(Exit::Misfit);
    }
    match find::<ConnectError>(error) {
        Some(error) => Some(error.exit()),
        None => unavailable.then_some(Exit::Unavailable),
    }
}

fn details_of(error: &(dyn Error + 'static)) -> Option<String> {
    let stderr = std::io::stderr();
    let colour = stderr.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    std::iter::successors(Some(error), |&error| error.source())
        .find_map(|error| find::<AnnounceError>(error)?.details(colour))
}

/// The error as its own type. A boxed source is a box to whoever walks the chain.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    error.downcast_ref().or_else(|| error.downcast_ref::<Box<E>>().map(AsRef::as_ref))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the outer one")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("the inner one: {0}")]
    struct Inner(#[source] std::io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("the job was not done")]
    struct Job(#[source] Box<ReadError>);

    #[test]
    fn an_unreachable_log_is_told_by_the_exit_code_however_deep_it_lies() {
        let source = Box::new(ReadError::Unlisted { source: "no answer".into() });
        assert_eq!(Failure::from(Job(source)).exit, Exit::Unavailable);
        assert_eq!(Failure::from(std::io::Error::other("something else")).exit, Exit::Failed);
    }

    #[test]
    fn each_cause_is_said_once() {
        let error = Outer(Inner(std::io::Error::other("the disk is full")));
        assert_eq!(report(&error), "the outer one: the inner one: the disk is full");
    }
}
