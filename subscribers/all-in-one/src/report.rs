use std::io::{self, Write};

use comfy_table::presets::UTF8_BORDERS_ONLY;
use comfy_table::{Cell, CellAlignment, Table};
use delay_stats::{Delay, DelayRow, DelayTable};
use departure_board::{Board, Status};
use headwater_log::service::{Exit, Failure};
use jiff::Timestamp;
use jiff::civil::time;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::check::{board_equals, delays_equal};
use crate::memory::peak_rss_bytes;
use crate::options::{Format, Options};
use crate::system::Outcome;

/// What a run prints.
#[derive(Serialize)]
pub(crate) struct Report {
    /// Events in the log, all domains together.
    events: u64,
    /// Events that this run has stored.
    published: u64,
    /// From the first command until both projections had all events.
    seconds: f64,
    /// What this run has stored, by the time that it took.
    events_per_second: f64,
    peak_rss_bytes: Option<u64>,
    /// Rows of the records that couldn't be read.
    rows_skipped: u64,
    projections: Projections,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Projections {
    departure_board: BoardReport,
    delay_stats: DelayReport,
}

#[derive(Serialize)]
struct BoardReport {
    equal: bool,
    position: u64,
    board: Board,
}

#[derive(Serialize)]
struct DelayReport {
    equal: bool,
    position: u64,
    #[serde(flatten)]
    table: DelayTable,
}

/// How many flights of the board are shown to people.
const BOARD_LINES: usize = 15;

impl Report {
    pub(crate) fn new(options: &Options, outcome: Outcome) -> Result<Self, Failure> {
        let Outcome { events, published, rows_skipped, elapsed, board, stats, expected, .. } = &outcome;
        let at = match options.at {
            Some(at) => at,
            None => {
                let first = board.projection.flights_from(&board.view, "").next().transpose()?;
                first.map_or(Ok(Timestamp::UNIX_EPOCH), |(flight, _)| noon(flight.date))?
            }
        };
        let shown = Board::read(&board.projection, &board.view, options.airport, at)?;
        let (table, equal) = delays_equal(stats, expected)?;
        let seconds = elapsed.as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let events_per_second = *published as f64 / seconds;
        Ok(Self {
            events: *events,
            published: *published,
            seconds,
            events_per_second,
            // The check is not part of the system, and holds little; the peak is the run's.
            peak_rss_bytes: peak_rss_bytes(),
            rows_skipped: *rows_skipped,
            projections: Projections {
                departure_board: BoardReport {
                    equal: board_equals(board, options.records.as_deref())?,
                    position: board.position,
                    board: shown,
                },
                delay_stats: DelayReport { equal, position: stats.position, table },
            },
        })
    }

    /// What the run amounts to.
    pub(crate) fn exit(&self) -> Exit {
        if !self.projections.departure_board.equal || !self.projections.delay_stats.equal {
            Exit::NotEqual
        } else if self.rows_skipped > 0 {
            Exit::RecordsSkipped
        } else {
            Exit::Ok
        }
    }

    pub(crate) fn write(&self, format: Format, out: &mut impl Write) -> io::Result<()> {
        match format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut *out, self)?;
                writeln!(out)
            }
            Format::Table => self.write_tables(out),
        }
    }

    fn write_tables(&self, out: &mut impl Write) -> io::Result<()> {
        let Projections { departure_board, delay_stats } = &self.projections;
        write_board(&departure_board.board, out)?;
        writeln!(out)?;
        write_delays(&delay_stats.table, out)?;
        writeln!(out)?;
        let Self { events, published, seconds, events_per_second, .. } = self;
        match published {
            0 => writeln!(
                out,
                "{events} events in the log, nothing new to publish, checked in {seconds:.2} s"
            )?,
            _ => writeln!(
                out,
                "{events} events in the log, {published} published now, in {seconds:.2} s: \
                 {events_per_second:.0} events a second"
            )?,
        }
        if let Some(bytes) = self.peak_rss_bytes {
            writeln!(out, "peak memory {} MiB", bytes / (1024 * 1024))?;
        }
        if self.rows_skipped > 0 {
            writeln!(out, "{} rows of the records could not be read and were skipped", self.rows_skipped)?;
        }
        for (name, equal, position) in [
            ("departure-board", departure_board.equal, departure_board.position),
            ("delay-stats", delay_stats.equal, delay_stats.position),
        ] {
            let verdict = if equal { "equals the records" } else { "DIFFERS FROM THE RECORDS" };
            writeln!(out, "{name}, at sequence {position}: {verdict}")?;
        }
        Ok(())
    }
}

fn noon(date: jiff::civil::Date) -> Result<Timestamp, jiff::Error> {
    Ok(date.to_datetime(time(12, 0, 0, 0)).to_zoned(new_york()?)?.timestamp())
}

/// Where all origins of the reference system are.
fn new_york() -> Result<TimeZone, jiff::Error> {
    TimeZone::get("America/New_York")
}

fn write_board(board: &Board, out: &mut impl Write) -> io::Result<()> {
    let zone = new_york().map_err(io::Error::other)?;
    let clock = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%H:%M").to_string();
    let now = board.at.to_zoned(zone.clone()).strftime("%A, %-d %B %Y, %H:%M").to_string();
    writeln!(out, "Departures from {} on {now}", board.airport)?;
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header(["time", "to", "flight", "status"]);
    for line in board.lines.iter().take(BOARD_LINES) {
        let status = match line.status {
            Status::OnTime => "on time".to_owned(),
            Status::Delayed => "delayed".to_owned(),
            Status::Departed(at) => format!("departed {}", clock(at)),
            Status::Arrived(at) => format!("arrived {}", clock(at)),
            Status::Diverted(_) => "diverted".to_owned(),
            Status::Cancelled(_) => "cancelled".to_owned(),
        };
        let flight = format!("{} {}", line.flight.carrier, line.flight.number);
        table.add_row([clock(line.scheduled_departure), line.destination.to_string(), flight, status]);
    }
    if board.lines.is_empty() {
        return writeln!(out, "no departures then; choose with --airport and --at");
    }
    writeln!(out, "{table}")?;
    match board.lines.len().checked_sub(BOARD_LINES) {
        Some(more @ 1..) => writeln!(out, "and {more} more"),
        _ => Ok(()),
    }
}

fn write_delays(delays: &DelayTable, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "Delays in minutes: mean, and from least to most")?;
    let mut table = Table::new();
    table.load_style(UTF8_BORDERS_ONLY).set_header([
        "",
        "scheduled",
        "departed",
        "15+ late",
        "arrived",
        "cancelled",
        "diverted",
        "departure delay",
        "arrival delay",
    ]);
    let groups = [("", &delays.by_origin), ("", &delays.by_carrier), ("hour ", &delays.by_hour)];
    table.add_row(cells("all", &delays.total));
    for (prefix, rows) in groups {
        for keyed in rows {
            table.add_row(cells(&format!("{prefix}{}", keyed.key), &keyed.row));
        }
    }
    writeln!(out, "{table}")
}

fn cells(key: &str, row: &DelayRow) -> Vec<Cell> {
    let counts =
        [row.scheduled, row.departed, row.departed_15_late, row.arrived, row.cancelled, row.diverted];
    let mut cells = vec![Cell::new(key)];
    cells.extend(counts.iter().map(|count| Cell::new(count).set_alignment(CellAlignment::Right)));
    cells.extend(
        [&row.departure_delay, &row.arrival_delay]
            .map(|delay| Cell::new(delay_text(delay)).set_alignment(CellAlignment::Right)),
    );
    cells
}

fn delay_text(delay: &Delay) -> String {
    match (delay.mean(), delay.min, delay.max) {
        (Some(mean), Some(min), Some(max)) => format!("{mean:.1} ({min} to {max})"),
        _ => "-".to_owned(),
    }
}
