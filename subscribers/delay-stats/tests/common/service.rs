use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use delay_stats::DelayRow;
use headwater_subscriber::{Query, QueryError};

/// Long enough for a busy machine; nothing waits for it when all is well.
const LIMIT: Duration = Duration::from_secs(60);

/// How soon a service ends that is asked to, on a busy machine.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// A running `delay-stats`.
pub(crate) struct Service(Option<Child>);

impl Service {
    pub(crate) fn start(server: &str, data: &Path) -> Self {
        Self::start_with(&mut command(server, data))
    }

    pub(crate) fn start_with(command: &mut Command) -> Self {
        Self(Some(command.stderr(Stdio::piped()).spawn().unwrap()))
    }

    /// The lines of its log, which `terminate` doesn't return then.
    pub(crate) fn log_lines(&mut self) -> impl Iterator<Item = String> + Send + use<> {
        let stderr = self.0.as_mut().and_then(|child| child.stderr.take()).unwrap();
        BufReader::new(stderr).lines().map_while(Result::ok)
    }

    /// Asks it to end with SIGTERM, which it must soon; returns what it has logged.
    pub(crate) fn terminate(mut self) -> (ExitStatus, String) {
        let child = self.0.as_mut().unwrap();
        let sent = Command::new("sh").args(["-c", &format!("kill -TERM {}", child.id())]).status().unwrap();
        assert!(sent.success());
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            if begun.elapsed() > STOP_LIMIT {
                child.kill().unwrap();
                panic!("it doesn't end; it has said: {}", self.ends().1);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.ends()
    }

    /// Waits until it ends by itself.
    pub(crate) fn ends(mut self) -> (ExitStatus, String) {
        let Output { status, stderr, .. } = self.0.take().unwrap().wait_with_output().unwrap();
        (status, String::from_utf8(stderr).unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            child.kill().and_then(|()| child.wait()).ok();
        }
    }
}

pub(crate) fn command(server: &str, data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_delay-stats"));
    command.args(["--server", server, "--data"]).arg(data).stdin(Stdio::null());
    command
}

/// The figures of all flights, asked as an operator asks.
pub(crate) fn total(data: &Path) -> Result<DelayRow, QueryError> {
    let query = Query { table: Some("total".to_owned()), key: None };
    let mut total = DelayRow::default();
    query.ask(data, "delay-stats", |row| {
        total = serde_json::from_str(row.value.get())?;
        Ok(())
    })?;
    Ok(total)
}

/// Waits until the figures of all flights are as `wanted`.
pub(crate) fn wait_for_total(data: &Path, wanted: impl Fn(&DelayRow) -> bool) -> DelayRow {
    let begun = Instant::now();
    loop {
        let found = total(data);
        match found {
            Ok(total) if wanted(&total) => return total,
            // It has just begun to run, or to count.
            found => assert!(begun.elapsed() < LIMIT, "the service is late: {found:?}"),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
