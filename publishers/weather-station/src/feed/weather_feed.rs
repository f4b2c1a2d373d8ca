use std::collections::HashMap;
use std::ops::Range;

use headwater_publisher::records::{DayReader, RecordSource, RecordsError, Row, RowErrors, TimeOrder};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use weather_events::StationId;

use super::item::{FeedItem, Waiting};
use super::row::WeatherRow;

/// The farthest that a local clock is ahead of UTC and behind it: a local date spans that much more than a
/// day.
const AHEAD_OF_UTC_MAX: SignedDuration = SignedDuration::from_hours(14);
const BEHIND_UTC_MAX: SignedDuration = SignedDuration::from_hours(12);

/// The observations of all stations as commands in the order of their time, as if they came in live.
///
/// At one time the order is by the station's name, so every run yields the same. A day or two of the file
/// is in memory, although the file has one station after the other.
///
/// The iterator ends with the first error: a file that can't be read any more. Rows that can't be
/// true are skipped and are in [`errors`](Self::errors).
pub struct WeatherFeed {
    days: DayReader<WeatherRow>,
    day: Vec<Row<WeatherRow>>,
    /// The observations of the day that is being read, with their lines.
    seen: HashMap<(StationId, Timestamp), u64>,
    waiting: TimeOrder<Waiting>,
    /// No observation of an unread day is before this.
    unread_from: Option<Timestamp>,
    failed: bool,
}

impl WeatherFeed {
    /// Opens `weather.csv` and finds its days.
    ///
    /// # Errors
    ///
    /// [`RecordsError`] when the file can't be read or lacks a column.
    pub fn open(source: &RecordSource) -> Result<Self, RecordsError> {
        let mut days = DayReader::open(source, "weather.csv")?;
        let unread_from = days.next_date().map(|date| span_of(date).start);
        Ok(Self {
            days,
            day: Vec::new(),
            seen: HashMap::new(),
            waiting: TimeOrder::default(),
            unread_from,
            failed: false,
        })
    }

    /// The rows that were skipped so far. All are known when the iterator has ended.
    #[must_use]
    pub fn errors(&self) -> &RowErrors {
        self.days.errors()
    }

    fn read_day(&mut self) -> Result<(), RecordsError> {
        let Some(date) = self.days.next_day(&mut self.day)? else { return Ok(()) };
        self.unread_from = self.days.next_date().map(|date| span_of(date).start);
        self.seen.clear();
        let span = span_of(date);
        for Row { line, fields } in self.day.drain(..) {
            let (station, at) = (fields.origin, fields.time_hour);
            if !span.contains(&at) {
                self.days.reject(line, "time_hour", format!("{at} is not on {date} anywhere"));
            } else if let Some(first) = self.seen.get(&(station, at)) {
                self.days.reject(line, "time_hour", format!("{at} at {station} is in line {first} already"));
            } else {
                self.seen.insert((station, at), line);
                self.waiting.push(Waiting(fields.into()));
            }
        }
        Ok(())
    }
}

impl Iterator for WeatherFeed {
    type Item = Result<FeedItem, RecordsError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            let unread_from = self.unread_from;
            let first =
                self.waiting.pop_if(|first| unread_from.is_none_or(|unread| first.0.observed_at < unread));
            if let Some(Waiting(first)) = first {
                return Some(Ok(first.into()));
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

/// From when until when it is `date` somewhere.
fn span_of(date: Date) -> Range<Timestamp> {
    let midnight = TimeZone::UTC.to_timestamp(date.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX);
    let day = SignedDuration::from_hours(24);
    let from = midnight.checked_sub(AHEAD_OF_UTC_MAX).unwrap_or(Timestamp::MIN);
    let until = midnight.checked_add(day + BEHIND_UTC_MAX).unwrap_or(Timestamp::MAX);
    from..until
}
