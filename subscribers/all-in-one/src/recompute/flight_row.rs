use std::str::FromStr;

use flight_events::{Airport, FlightId};
use jiff::Timestamp;

/// The columns of `flights.csv` that say what became of a flight.
pub(super) const COLUMNS: [&str; 15] = [
    "year",
    "month",
    "day",
    "dep_time",
    "sched_dep_time",
    "dep_delay",
    "arr_time",
    "sched_arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "tailnum",
    "origin",
    "dest",
    "time_hour",
];

/// A row of `flights.csv`. Times of day are in minutes, 0 to 1,440; delays are in minutes as well.
pub(super) struct FlightRow {
    pub(super) flight: FlightId,
    pub(super) destination: Airport,
    pub(super) tail_number: Option<String>,
    pub(super) dep_time: Option<i64>,
    pub(super) sched_dep_time: i64,
    pub(super) dep_delay: Option<i32>,
    pub(super) arr_time: Option<i64>,
    pub(super) sched_arr_time: i64,
    pub(super) arr_delay: Option<i32>,
    /// The hour of the scheduled departure, in UTC minutes since the Unix epoch.
    pub(super) time_hour: i64,
}

impl FlightRow {
    /// Reads a row; nothing when a value isn't of its column's kind.
    pub(super) fn read(fields: [String; COLUMNS.len()]) -> Option<Self> {
        let [year, month, day, dep_time, sched_dep_time, dep_delay, arr_time, sched_arr_time, arr_delay, ..] =
            &fields;
        let [.., carrier, number, tail_number, origin, destination, time_hour] = &fields;

        let (year, month, day): (i16, u8, u8) = (number_of(year)?, number_of(month)?, number_of(day)?);
        let (number, hhmm): (u16, u16) = (number_of(number)?, number_of(sched_dep_time)?);
        let flight = format!("{year:04}-{month:02}-{day:02}-{carrier}-{number}-{origin}-{hhmm:04}");
        let time_hour: Timestamp = time_hour.parse().ok()?;
        Some(Self {
            flight: flight.parse().ok()?,
            destination: destination.parse().ok()?,
            tail_number: unless_missing(tail_number).map(str::to_owned),
            dep_time: optional(dep_time, minute_of_day)?,
            sched_dep_time: minute_of_day(sched_dep_time)?,
            dep_delay: optional(dep_delay, number_of)?,
            arr_time: optional(arr_time, minute_of_day)?,
            sched_arr_time: minute_of_day(sched_arr_time)?,
            arr_delay: optional(arr_delay, number_of)?,
            time_hour: time_hour.as_second() / 60,
        })
    }
}

fn unless_missing(text: &str) -> Option<&str> {
    (!matches!(text, "" | "NA")).then_some(text)
}

/// A value that may be missing. What is there and can't be read is another matter.
#[allow(clippy::option_option, reason = "unreadable, missing, and there are three cases")]
fn optional<T>(text: &str, read: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match unless_missing(text) {
        Some(text) => read(text).map(Some),
        None => Some(None),
    }
}

fn number_of<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// `5` is five past midnight, `2400` the midnight at the end of the day.
fn minute_of_day(hhmm: &str) -> Option<i64> {
    let all_digits = hhmm.len() <= 4 && hhmm.bytes().all(|byte| byte.is_ascii_digit());
    let hhmm: i64 = number_of(hhmm).filter(|_| all_digits)?;
    (hhmm <= 2400 && hhmm % 100 < 60).then_some(hhmm / 100 * 60 + hhmm % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times_of_day() {
        for (text, minute) in
            [("5", 5), ("517", 317), ("0517", 317), ("0", 0), ("2400", 1440), ("2359", 1439)]
        {
            assert_eq!(minute_of_day(text), Some(minute), "{text}");
        }
        for text in ["2401", "960", "1260", "-5", "+515", "00515", "", "NA"] {
            assert_eq!(minute_of_day(text), None, "{text}");
        }
    }
}
