use std::collections::{HashMap, HashSet};
use std::io::{self, Read};

use departure_board::{FlightRecord, Landing, Movement};
use flight_events::FlightId;
use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};

use super::RecomputeError;
use super::airports::zones;
use super::clock::{MINUTES_PER_DAY, MINUTES_PER_HOUR, ahead_of_utc, first_after};
use super::flight_row::{COLUMNS, FlightRow};
use super::lines::Lines;

/// What became of each flight of `flights.csv`, in the file's order, one row in memory at a time.
///
/// Rows that can't be read, that contradict themselves, or that name a flight for the second time are
/// skipped: nobody can say what became of such a flight.
///
/// # Errors
///
/// [`RecomputeError`] when a file can't be opened or lacks a column; the iterator yields the same when
/// the file can't be read any more.
pub(crate) fn flights(open: impl Fn(&str) -> io::Result<Box<dyn Read>>) -> Result<Flights, RecomputeError> {
    let zones = zones(&open)?;
    let lines = Lines::open(&open, "flights.csv", COLUMNS)?;
    Ok(Flights { lines, zones, seen: HashSet::new(), skipped: 0 })
}

/// The iterator that [`flights`] returns.
pub(crate) struct Flights {
    lines: Lines<{ COLUMNS.len() }>,
    zones: HashMap<String, TimeZone>,
    /// The names of the flights so far: some bytes each, where a row is some hundred.
    seen: HashSet<FlightId>,
    skipped: u64,
}

/// What a delay may be, in minutes: a flight doesn't leave before the day on which it is put on the
/// timetable, and none is ten days late.
const DELAYS: std::ops::RangeInclusive<i32> = -1439..=14_400;

impl Iterator for Flights {
    type Item = Result<(FlightId, FlightRecord), RecomputeError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let fields = match self.lines.next() {
                Ok(Some(fields)) => fields,
                Ok(None) => {
                    tracing::debug!(skipped = self.skipped, "the check of the projections has read all rows");
                    return None;
                }
                Err(error) => return Some(Err(error)),
            };
            match fields.and_then(FlightRow::read).and_then(|row| self.flight(row)) {
                Some(flight) => return Some(Ok(flight)),
                None => self.skipped += 1,
            }
        }
    }
}

impl Flights {
    fn flight(&mut self, row: FlightRow) -> Option<(FlightId, FlightRecord)> {
        if self.seen.contains(&row.flight) {
            return None;
        }
        let record = self.record(&row)?;
        self.seen.insert(row.flight);
        Some((row.flight, record))
    }

    /// What became of the row's flight; nothing when the row contradicts itself.
    fn record(&self, row: &FlightRow) -> Option<FlightRecord> {
        let origin = self.zones.get(row.flight.origin.as_str())?;
        let destination = self.zones.get(row.destination.as_str())?;
        let scheduled_departure = scheduled_departure(row, origin)?;
        let scheduled_arrival = first_after(destination, scheduled_departure, row.sched_arr_time)?;
        let mut record = FlightRecord {
            destination: row.destination,
            scheduled_departure: timestamp(scheduled_departure)?,
            scheduled_arrival: timestamp(scheduled_arrival)?,
            tail_number: row.tail_number.clone(),
            cancelled_at: None,
            departure: None,
            landing: None,
        };
        match (row.dep_time, row.dep_delay) {
            (Some(dep_time), Some(delay_minutes)) if DELAYS.contains(&delay_minutes) => {
                let delay = i64::from(delay_minutes);
                if (row.sched_dep_time + delay - dep_time) % MINUTES_PER_DAY != 0 {
                    return None;
                }
                let departed = scheduled_departure + delay;
                record.departure = Some(Movement { at: timestamp(departed)?, delay_minutes });
                record.landing = Some(landing(row, destination, departed, scheduled_arrival)?);
            }
            // The records don't say when it was cancelled: by its scheduled departure, it was.
            (None, None) if row.arr_time.is_none() && row.arr_delay.is_none() => {
                record.cancelled_at = Some(record.scheduled_departure);
            }
            _ => return None,
        }
        Some(record)
    }
}

/// The hour in UTC and the minutes of the local time make the instant; its local time must be the one
/// that the row says.
fn scheduled_departure(row: &FlightRow, origin: &TimeZone) -> Option<i64> {
    let minute = row.time_hour + row.sched_dep_time % MINUTES_PER_HOUR;
    let days = row.flight.date.since((Unit::Day, date(1970, 1, 1))).ok()?.get_days();
    let local = i64::from(days) * MINUTES_PER_DAY + row.sched_dep_time;
    (minute + ahead_of_utc(origin, minute)? == local).then_some(minute)
}

/// How the journey of a flight that has departed ended. Without an arrival delay it was diverted, which
/// is known when it reached its destination after all, or else at the scheduled arrival; but not before
/// it has departed.
fn landing(
    row: &FlightRow,
    destination: &TimeZone,
    departed: i64,
    scheduled_arrival: i64,
) -> Option<Landing> {
    let landed = match row.arr_time {
        Some(arr_time) => Some(first_after(destination, departed, arr_time)?),
        None => None,
    };
    match (landed, row.arr_delay) {
        (Some(at), Some(delay_minutes)) => {
            let credible =
                DELAYS.contains(&delay_minutes) && at - scheduled_arrival == i64::from(delay_minutes);
            let arrived = Movement { at: timestamp(at)?, delay_minutes };
            credible.then_some(Landing::Arrived(arrived))
        }
        (Some(at), None) => Some(Landing::Diverted(timestamp(at)?)),
        (None, None) => Some(Landing::Diverted(timestamp(scheduled_arrival.max(departed + 1))?)),
        (None, Some(_)) => None,
    }
}

fn timestamp(minute: i64) -> Option<Timestamp> {
    Timestamp::from_second(minute * 60).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The week that is built in, or its airports with other flights.
    fn open(flights: Option<&'static str>) -> impl Fn(&str) -> io::Result<Box<dyn Read>> {
        move |name| {
            let built_in = flight_ops::BUILT_IN.iter().find(|(known, _)| *known == name).unwrap().1;
            Ok(match flights {
                Some(flights) if name == "flights.csv" => Box::new(flights.as_bytes()),
                _ => Box::new(built_in),
            })
        }
    }

    /// `departed > landed`, in UTC, or what else there is to say.
    fn in_words(record: &FlightRecord) -> String {
        let FlightRecord { scheduled_departure, scheduled_arrival, cancelled_at, departure, landing, .. } =
            record;
        let scheduled = format!("{scheduled_departure} > {scheduled_arrival}");
        match (cancelled_at, departure, landing) {
            (Some(at), None, None) => format!("{scheduled}, cancelled {at}"),
            (None, Some(departure), Some(Landing::Arrived(arrival))) => {
                format!("{scheduled}, {} > {}", departure.at, arrival.at)
            }
            (None, Some(departure), Some(Landing::Diverted(at))) => {
                format!("{scheduled}, {} > diverted {at}", departure.at)
            }
            other => panic!("no life of a flight: {other:?}"),
        }
    }

    #[test]
    fn has_every_flight_of_the_week_in_the_files_order() {
        let mut flights = flights(open(None)).unwrap();
        let all: Vec<_> = flights.by_ref().map(Result::unwrap).collect();
        assert_eq!((all.len(), flights.skipped), (6099, 0));
        assert_eq!(all[0].0.to_string(), "2013-01-01-UA-1545-EWR-0515");
        assert_eq!(all[0].1.tail_number.as_deref(), Some("N14228"));
        assert_eq!(all.iter().filter(|(_, record)| record.tail_number.is_none()).count(), 8);
    }

    #[test]
    fn agrees_with_times_that_were_worked_out_by_hand() {
        let week: HashMap<_, _> = flights(open(None)).unwrap().map(Result::unwrap).collect();
        for (flight, expected) in [
            // To Honolulu, ten hours behind UTC: 15:30 and 15:16 there are after midnight UTC.
            (
                "2013-01-01-HA-51-JFK-0900",
                "2013-01-01T14:00:00Z > 2013-01-02T01:30:00Z, 2013-01-01T13:57:00Z > 2013-01-02T01:16:00Z",
            ),
            // To Phoenix (-7) and San Juan (-4).
            (
                "2013-01-01-US-27-JFK-0630",
                "2013-01-01T11:30:00Z > 2013-01-01T17:18:00Z, 2013-01-01T11:27:00Z > 2013-01-01T17:18:00Z",
            ),
            (
                "2013-01-01-B6-705-JFK-1338",
                "2013-01-01T18:38:00Z > 2013-01-01T22:25:00Z, 2013-01-01T20:40:00Z > 2013-01-02T00:20:00Z",
            ),
            // Scheduled for 23:59, arrived at 00:08 of the next day.
            (
                "2013-01-01-UA-1241-EWR-2100",
                "2013-01-02T02:00:00Z > 2013-01-02T04:59:00Z, 2013-01-02T01:58:00Z > 2013-01-02T05:08:00Z",
            ),
            // Arrived at 24:00.
            (
                "2013-01-01-B6-1109-JFK-2155",
                "2013-01-02T02:55:00Z > 2013-01-02T04:37:00Z, 2013-01-02T03:09:00Z > 2013-01-02T05:00:00Z",
            ),
            // Diverted, and at Dallas (-6) at 00:29 after all.
            (
                "2013-01-01-9E-3325-JFK-1840",
                "2013-01-01T23:40:00Z > 2013-01-02T03:51:00Z, 2013-01-02T00:39:00Z > diverted 2013-01-02T06:29:00Z",
            ),
            (
                "2013-01-01-EV-4308-EWR-1630",
                "2013-01-01T21:30:00Z > 2013-01-01T23:15:00Z, cancelled 2013-01-01T21:30:00Z",
            ),
        ] {
            assert_eq!(in_words(&week[&flight.parse().unwrap()]), expected, "{flight}");
        }
    }

    const HEADER: &str = "year,month,day,dep_time,sched_dep_time,dep_delay,arr_time,sched_arr_time,arr_delay,\
                          carrier,flight,tailnum,origin,dest,time_hour\n";

    #[test]
    fn a_diversion_without_an_arrival_is_known_at_the_scheduled_arrival_but_after_the_departure() {
        let rows = "2013,1,1,1528,1459,29,NA,1647,NA,EV,1,NA,EWR,STL,2013-01-01T19:00:00Z\n\
                    2013,1,1,2059,1459,360,NA,1647,NA,EV,2,,EWR,STL,2013-01-01T19:00:00Z\n";
        let csv = format!("{HEADER}{rows}").leak();
        let records: Vec<_> = flights(open(Some(csv))).unwrap().map(|flight| flight.unwrap().1).collect();
        let words: Vec<_> = records.iter().map(in_words).collect();
        let scheduled = "2013-01-01T19:59:00Z > 2013-01-01T22:47:00Z";
        assert_eq!(words[0], format!("{scheduled}, 2013-01-01T20:28:00Z > diverted 2013-01-01T22:47:00Z"));
        assert_eq!(words[1], format!("{scheduled}, 2013-01-02T01:59:00Z > diverted 2013-01-02T02:00:00Z"));
        assert!(records.iter().all(|record| record.tail_number.is_none()));
    }

    #[test]
    fn skips_and_counts_rows_that_say_nothing_certain() {
        let right = "2013,1,1,517,515,2,830,819,11,UA,1545,N14228,EWR,IAH,2013-01-01T10:00:00Z";
        let mut csv = format!("{HEADER}{right}\n");
        for (part, mistake) in [
            // The same flight again, and a row that is cut off.
            ("", ""),
            (",2013-01-01T10:00:00Z", ""),
            ("2013,1,1,", "2013,2,30,"),
            ("517,515", "25x7,515"),
            (",IAH,", ",XXX,"),
            (",1545,", ",154500,"),
            // Values that contradict each other.
            ("10:00:00Z", "11:00:00Z"),
            (",2,830", ",3,830"),
            (",2,830", ",NA,830"),
            ("517,515,2", "NA,515,NA"),
            (",819,11", ",819,12"),
            (",830,819", ",NA,819"),
        ] {
            csv += &format!("{}\n", right.replacen(part, mistake, 1));
        }
        let mut flights = flights(open(Some(csv.leak()))).unwrap();
        assert_eq!(flights.by_ref().map(Result::unwrap).count(), 1);
        assert_eq!(flights.skipped, 12);
    }
}
