use std::io::{IsTerminal, stderr};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// What is always in the filter unless the operator names the target: the client library logs every event and every
/// failed attempt, which this crate logs or returns too, once and with a remedy.
const ALWAYS: &str = "async_nats=off";

/// How much a process logs, and how: the options that every command and service has.
///
/// Logs go to standard error, so that standard output carries only results.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Logs")]
pub struct Logs {
    /// How log lines look
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "FORMAT")]
    log_format: LogFormat,

    /// What is logged: a level, or directives such as `info,headwater_log=debug`
    #[arg(
        long, global = true, env = "HEADWATER_LOG", default_value = "info", value_name = "FILTER",
        value_parser = check_filter
    )]
    log_level: String,
}

impl Logs {
    /// Starts logging, for the whole process.
    ///
    /// # Errors
    ///
    /// [`LogsError`] when logging was started before.
    pub fn init(&self) -> Result<(), LogsError> {
        init(self.log_format, &self.log_level)
    }
}

/// How log lines look.
#[derive(clap::ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// As `pretty` when standard error is a terminal, and as `json` otherwise.
    #[default]
    Auto,
    /// One short line for each event, for people.
    Pretty,
    /// One JSON object for each event, for machines.
    Json,
}

/// Starts logging at a level (or with the directives of an `EnvFilter`, such as `info,headwater_log=debug`), for a
/// process without options.
///
/// # Errors
///
/// [`LogsError`] when the level isn't one, and when logging was started before.
pub fn init_logs(level: &str) -> Result<(), LogsError> {
    init(LogFormat::Auto, level)
}

/// Why logging could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogsError {
    /// The filter can't be read.
    #[error("`{filter}` is no log filter: {problem}; write for example info, or info,headwater_log=debug")]
    Filter {
        /// The filter as it was given.
        filter: String,
        /// What is wrong with it.
        problem: String,
    },

    /// Logging is started once for a process, first thing in `main`.
    #[error("logging was started before; start it once, at the beginning of `main`")]
    Twice(#[source] TryInitError),
}

fn init(format: LogFormat, filter: &str) -> Result<(), LogsError> {
    let terminal = stderr().is_terminal();
    let lines =
        tracing_subscriber::fmt().with_env_filter(parse(filter)?).with_writer(stderr).with_ansi(terminal);
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Pretty => false,
        LogFormat::Json => true,
    };
    let started = if json { lines.json().finish().try_init() } else { lines.compact().finish().try_init() };
    started.map_err(LogsError::Twice)
}

fn parse(filter: &str) -> Result<EnvFilter, LogsError> {
    EnvFilter::builder()
        .parse(format!("{ALWAYS},{filter}"))
        .map_err(|error| LogsError::Filter { filter: filter.to_owned(), problem: error.to_string() })
}

fn check_filter(filter: &str) -> Result<String, LogsError> {
    parse(filter).map(|_| filter.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_levels_and_directives() {
        for filter in ["info", "DEBUG", "info,headwater_log=debug", "off"] {
            assert_eq!(check_filter(filter).unwrap(), filter);
        }
    }

    #[test]
    fn refuses_a_filter_that_cannot_be_read_and_shows_a_right_one() {
        let error = check_filter("headwater_log=loud").unwrap_err().to_string();
        assert!(error.contains("`headwater_log=loud` is no log filter"), "{error}");
        assert!(error.contains("info,headwater_log=debug"), "{error}");
    }

    #[test]
    fn silences_the_client_library_unless_it_is_named() {
        assert!(parse("debug").unwrap().to_string().contains("async_nats=off"));
        let named = parse("info,async_nats=debug").unwrap().to_string();
        assert!(named.contains("async_nats=debug") && !named.contains("async_nats=off"), "{named}");
    }

    const CHILD: &str = "HEADWATER_LOGS_TEST_CHILD";

    #[test]
    fn a_child_that_logs() {
        let Ok(format) = std::env::var(CHILD) else { return };
        let log_format = <LogFormat as clap::ValueEnum>::from_str(&format, false).unwrap();
        let logs = Logs { log_format, log_level: "info".to_owned() };
        logs.init().unwrap();
        tracing::info!(sequence = 42, "stored");
        tracing::error!(target: "async_nats::connector", "noise");
        assert!(matches!(logs.init(), Err(LogsError::Twice(_))));
    }

    /// What this test binary writes to standard error when it runs as a process that logs.
    #[allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]
    fn logged(format: &str) -> String {
        let child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "service::logs::tests::a_child_that_logs", "--nocapture"])
            .env(CHILD, format)
            .output()
            .unwrap();
        assert!(child.status.success());
        assert!(!String::from_utf8_lossy(&child.stdout).contains("stored"));
        String::from_utf8(child.stderr).unwrap()
    }

    #[test]
    fn writes_json_to_standard_error_when_that_is_no_terminal() {
        let text = logged("auto");
        let line: serde_json::Value = serde_json::from_str(text.trim()).unwrap();
        assert_eq!(line["level"], "INFO");
        assert_eq!(line["fields"], serde_json::json!({"message": "stored", "sequence": 42}));
    }

    #[test]
    fn writes_one_plain_line_for_people() {
        let text = logged("pretty");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.contains("INFO") && text.contains("stored sequence=42") && !text.contains('\u{1b}'),
            "{text}"
        );
    }
}
