use std::io::{self, Read};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Why a program that is needed has said nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubprocessError {
    /// It isn't there, or may not be run.
    #[error("{program} can't be run; install it, or put it on the PATH")]
    Start {
        /// The program.
        program: String,
        /// What the operating system reports.
        source: io::Error,
    },
    /// Its output can't be read.
    #[error("the output of {program} can't be read")]
    Output {
        /// The program.
        program: String,
        /// What the operating system reports.
        source: io::Error,
    },
    /// It took too long, and was ended.
    #[error("{program} was ended: it had not finished after {} seconds", limit.as_secs())]
    TimeLimit {
        /// The program.
        program: String,
        /// How long it was given.
        limit: Duration,
    },
}

const POLL: Duration = Duration::from_millis(10);

/// Runs a program to its end, or ends it when its time is over.
pub(crate) fn output(command: &mut Command, limit: Duration) -> Result<Output, SubprocessError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let unreadable = |source| SubprocessError::Output { program: program.clone(), source };
    let deadline = Instant::now() + limit;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|source| SubprocessError::Start { program: program.clone(), source })?;
    // Read while it runs: a full pipe would stop it.
    let [stdout, stderr] = [read(child.stdout.take()), read(child.stderr.take())];
    let status = loop {
        match child.try_wait().map_err(unreadable)? {
            Some(status) => break status,
            None if Instant::now() < deadline => thread::sleep(POLL),
            None => {
                // Both fail only when it has ended by itself in the meantime.
                let _ = child.kill();
                let _ = child.wait();
                return Err(SubprocessError::TimeLimit { program, limit });
            }
        }
    };
    let text = |bytes: mpsc::Receiver<io::Result<Vec<u8>>>| {
        // What it has started may have inherited its output, and keep it open.
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        match bytes.recv_timeout(left) {
            Ok(bytes) => bytes.map_err(unreadable),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                Err(SubprocessError::TimeLimit { program: program.clone(), limit })
            }
        }
    };
    Ok(Output { status, stdout: text(stdout)?, stderr: text(stderr)? })
}

fn read(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stream.map_or(Ok(0), |mut stream| stream.read_to_end(&mut bytes));
        // Nobody waits any more when its time is over.
        let _ = sender.send(read.map(|_| bytes));
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let error = output(Command::new("sleep").arg("30"), Duration::from_millis(50)).unwrap_err();
        assert!(matches!(error, SubprocessError::TimeLimit { .. }), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = output(&mut Command::new("no-such-program"), POLL).unwrap_err();
        assert!(error.to_string().starts_with("no-such-program can't be run"), "{error}");
    }
}
