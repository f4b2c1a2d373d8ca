use std::io::{Read as _, Seek as _};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Long enough to fetch something over a slow line; a registry that never answers must not hold up a build for ever.
const LIMIT: Duration = Duration::from_secs(300);

/// Runs a command to its end, and returns what it has printed, or says what became of it.
pub(crate) fn succeed(command: &mut Command) -> Result<String, String> {
    succeed_within(command, LIMIT)
}

fn succeed_within(command: &mut Command, limit: Duration) -> Result<String, String> {
    // Into files, because nobody reads a pipe while it runs.
    let [mut stdout, mut stderr] = [(), ()].map(|()| tempfile::tempfile().unwrap());
    let child = command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone().unwrap())
        .stderr(stderr.try_clone().unwrap())
        .spawn();
    let mut child = child.map_err(|error| format!("{command:?} could not be run: {error}"))?;
    let deadline = Instant::now() + limit;
    let status = loop {
        match child.try_wait().unwrap() {
            Some(status) => break Some(status),
            None if Instant::now() < deadline => thread::sleep(Duration::from_millis(10)),
            None => {
                child.kill().and_then(|()| child.wait()).ok();
                break None;
            }
        }
    };
    let [stdout, stderr] = [&mut stdout, &mut stderr].map(|file| {
        let mut bytes = Vec::new();
        file.rewind().and_then(|()| file.read_to_end(&mut bytes)).unwrap();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    });
    match status {
        Some(status) if status.success() => Ok(stdout),
        Some(status) => Err(format!("{command:?} failed with {status}: {stderr}")),
        None => Err(format!("{command:?} was ended after {} seconds: {stderr}", limit.as_secs())),
    }
}

#[test]
fn a_command_that_does_not_end_is_ended() {
    let ended = succeed_within(Command::new("sleep").arg("30"), Duration::from_millis(50)).unwrap_err();
    assert!(ended.contains("was ended"), "{ended}");
}
