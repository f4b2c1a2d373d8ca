use std::collections::HashMap;

use flight_events::FlightId;
use headwater_publisher::records::{DayReader, RecordSource, RecordsError, Row, RowErrors, TimeOrder};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::airports::Airports;
use super::item::{FeedItem, Planned};
use super::itinerary::{self, SCHEDULED_AHEAD};
use super::row::FlightRow;
use super::zone::SECONDS_PER_DAY;

/// The farthest that any local clock is ahead of UTC, in seconds: a date begins there first.
const AHEAD_OF_UTC_MAX: i64 = 14 * 60 * 60;

/// The commands that the records imply, in the order of their time, as if they came in live.
///
/// At one time the order is by the stage of the flight's life, then by its name, so every run yields
/// the same. A day or two of the file is in memory, whatever the file's size and its rows' order.
///
/// | command | comes |
/// |---|---|
/// | schedule | 24 hours before the scheduled departure: the records don't say when |
/// | depart | when the flight departed |
/// | arrive | when it arrived |
/// | cancel | at the scheduled departure: the records don't say when |
/// | divert | when it reached its destination, or else at the scheduled arrival, but after it departed |
///
/// The iterator ends with the first error: a file that can't be read any more. Rows that can't be
/// true are skipped and are in [`errors`](Self::errors).
pub struct FlightFeed {
    days: DayReader<FlightRow>,
    day: Vec<Row<FlightRow>>,
    airports: Airports,
    airport_errors: RowErrors,
    /// The flights of the day that is being read, with their lines.
    seen: HashMap<FlightId, u64>,
    waiting: TimeOrder<Planned>,
    /// No command of an unread day is before this.
    unread_from: Option<Timestamp>,
    failed: bool,
}

impl FlightFeed {
    /// Opens `flights.csv` and `airports.csv`, and finds the days in the former.
    ///
    /// # Errors
    ///
    /// [`RecordsError`] when a file can't be read or lacks a column.
    pub fn open(source: &RecordSource) -> Result<Self, RecordsError> {
        let (airports, airport_errors) = Airports::read(source)?;
        let mut days = DayReader::open(source, "flights.csv")?;
        let unread_from = days.next_date().map(earliest_command_of);
        Ok(Self {
            days,
            day: Vec::new(),
            airports,
            airport_errors,
            seen: HashMap::new(),
            waiting: TimeOrder::default(),
            unread_from,
            failed: false,
        })
    }

    /// The rows that were skipped so far, of `airports.csv` first. All are known when the iterator has ended.
    #[must_use]
    pub fn errors(&self) -> RowErrors {
        let mut errors = self.airport_errors.clone();
        errors.append(self.days.errors());
        errors
    }

    /// Plans the commands of the next day.
    fn read_day(&mut self) -> Result<(), RecordsError> {
        let Some(date) = self.days.next_day(&mut self.day)? else { return Ok(()) };
        self.unread_from = self.days.next_date().map(earliest_command_of);
        self.seen.clear();
        let midnight = midnight_of(date);
        for row in self.day.drain(..) {
            let flight = row.fields.flight(date);
            if let Some(first) = self.seen.get(&flight) {
                self.days.reject(row.line, "flight", format!("{flight} is in line {first} already"));
                continue;
            }
            match itinerary::plan(&row.fields, flight, midnight, &mut self.airports) {
                Ok(planned) => {
                    self.seen.insert(flight, row.line);
                    planned.into_iter().flatten().for_each(|planned| self.waiting.push(planned));
                }
                Err(wrong) => self.days.reject(row.line, wrong.column, wrong.message),
            }
        }
        Ok(())
    }
}

impl Iterator for FlightFeed {
    type Item = Result<FeedItem, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let unread_from = self.unread_from;
            let first = self.waiting.pop_if(|first| unread_from.is_none_or(|unread| first.at < unread));
            if let Some(first) = first {
                return Some(Ok(first.into_item()));
            }
            unread_from?;
            if let Err(error) = self.read_day() {
                self.failed = true;
                return Some(Err(error));
            }
        }
        None
    }
}

/// The earliest at which a flight of `date` can be scheduled to depart, anywhere, less the time by which
/// it is scheduled ahead. Nothing of a flight comes before that.
fn earliest_command_of(date: Date) -> Timestamp {
    Timestamp::from_second(midnight_of(date) - AHEAD_OF_UTC_MAX - SCHEDULED_AHEAD).unwrap_or(Timestamp::MIN)
}

/// Midnight at the beginning of `date` as if local clocks showed UTC, in seconds since the Unix epoch.
fn midnight_of(date: Date) -> i64 {
    match TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)) {
        Ok(midnight) => midnight.as_second(),
        Err(_) => Timestamp::MAX.as_second() - SECONDS_PER_DAY,
    }
}
