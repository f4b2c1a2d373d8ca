use std::path::PathBuf;
use std::str::FromStr;

use clap::{Parser, ValueEnum};
use flight_events::Airport;
use headwater_log::service::{Connection, Logs, report};
use jiff::Timestamp;

/// Runs the whole reference system in one process: publishes the records as events, builds both
/// projections from them, and says whether they equal what the records hold
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub(crate) struct Options {
    /// Where the events are kept: `embedded`, or a NATS server's URL
    #[arg(
        long,
        value_name = "embedded|nats://HOST:PORT",
        default_value = "embedded",
        env = "HEADWATER_LOG_URL"
    )]
    pub(crate) log: LogOption,

    /// Read flights.csv, airports.csv and weather.csv in this directory instead of the week that is built in
    #[arg(long, value_name = "DIR", env = "HEADWATER_RECORDS")]
    pub(crate) records: Option<PathBuf>,

    /// Keep log and projections in this directory, and go on from what is there
    #[arg(long, value_name = "DIR", env = "HEADWATER_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// Publish this many events a second [default: as many as can be]
    #[arg(long, value_name = "N", value_parser = headwater_publisher::parse_rate)]
    pub(crate) rate: Option<f64>,

    /// How the result is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub(crate) format: Format,

    /// The airport whose board is shown
    #[arg(long, value_name = "IATA", default_value = "EWR")]
    pub(crate) airport: Airport,

    /// The moment at which the board is shown, such as 2013-01-01T17:00:00Z [default: noon of the first day]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<Timestamp>,

    #[command(flatten)]
    pub(crate) logs: Logs,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    all is published, and every projection equals the records
  1    something went wrong while running
  2    bad options
  3    finished, but rows of the records could not be read
  4    finished, but a projection differs from the records
  5    the log could not be reached
  130  stopped by a signal before the end";

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Tables for people.
    Table,
    /// One JSON object.
    Json,
}

/// Where the events are kept.
#[derive(Debug, Clone)]
pub(crate) enum LogOption {
    Embedded,
    Nats(Box<Connection>),
}

impl FromStr for LogOption {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "embedded" {
            return Ok(Self::Embedded);
        }
        if !text.contains("://") {
            return Err(format!("{text:?} is neither `embedded` nor a URL like nats://127.0.0.1:4222"));
        }
        let connection = Connection::to(text).map_err(|error| report(&error))?;
        Ok(Self::Nats(Box::new(connection)))
    }
}
