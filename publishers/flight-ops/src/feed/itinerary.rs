use flight_events::{FlightId, LocalTime};
use jiff::Timestamp;

use super::airports::Airports;
use super::item::Planned;
use super::row::FlightRow;
use super::zone::{SECONDS_PER_DAY, SECONDS_PER_MINUTE, Zone};
use crate::FlightCommand;

/// How long before its scheduled departure a flight is put on the timetable, in seconds.
///
/// The records don't say. A day is enough to be before every early departure, and short enough for
/// a run that covers a week to show flights of all kinds.
pub(super) const SCHEDULED_AHEAD: i64 = SECONDS_PER_DAY;

/// What a delay may be, in minutes. An earlier departure would come before the flight is scheduled.
const DELAY_MINUTES: std::ops::RangeInclusive<i32> = -1_439..=14_400;

/// Why a row can't be true.
#[derive(Debug, PartialEq)]
pub(super) struct Wrong {
    pub(super) column: &'static str,
    pub(super) message: String,
}

/// The instants at which a row's flight is scheduled, in seconds since the Unix epoch.
struct Timetable {
    departure: i64,
    arrival: i64,
}

/// All commands that a row implies: to schedule, then to depart or cancel, then to arrive or divert.
///
/// `midnight` is where the flight's date begins, as if local clocks showed UTC.
pub(super) fn plan(
    row: &FlightRow,
    flight: FlightId,
    midnight: i64,
    airports: &mut Airports,
) -> Result<[Option<Planned>; 3], Wrong> {
    let origin = airports.zone(row.origin).ok_or_else(|| unknown("origin", &row.origin))?;
    let departure = scheduled_departure(row, midnight, origin)?;
    let departed_at = departed_at(row, departure)?;

    let destination = airports.zone(row.destination).ok_or_else(|| unknown("dest", &row.destination))?;
    let arrival = destination.first_after(departure, row.sched_arr_time);
    let timetable = Timetable { departure, arrival };
    let landing = match (departed_at, row.arr_time) {
        (Some(departed_at), Some(time)) => Some(destination.first_after(departed_at, time)),
        (None, Some(_)) => return Err(wrong("arr_time", "a flight that didn't depart can't arrive")),
        (_, None) => None,
    };
    let arrived = arrival_and_delay(row, &timetable, landing)?;

    let planned = |at, command| instant(at).map(|at| Some(Planned { at, flight, command }));
    let schedule = FlightCommand::Schedule {
        flight,
        destination: row.destination,
        scheduled_departure: instant(timetable.departure)?,
        scheduled_arrival: instant(timetable.arrival)?,
        tail_number: row.tail_number.clone(),
    };
    let schedule = planned(timetable.departure - SCHEDULED_AHEAD, schedule)?;
    let (Some(departed_at), Some(delay_minutes)) = (departed_at, row.dep_delay) else {
        // The records don't say when it was called off; by the scheduled departure it was.
        return Ok([schedule, planned(timetable.departure, FlightCommand::Cancel)?, None]);
    };
    let depart = FlightCommand::Depart { at: instant(departed_at)?, delay_minutes };
    let depart = planned(departed_at, depart)?;
    let land = if let Some((arrived_at, delay_minutes)) = arrived {
        planned(arrived_at, FlightCommand::Arrive { at: instant(arrived_at)?, delay_minutes })?
    } else {
        // Without a time of its own, a diversion is known when the flight was expected; a late flight
        // may have departed after that.
        let known_at = landing.unwrap_or(timetable.arrival.max(departed_at + SECONDS_PER_MINUTE));
        planned(known_at, FlightCommand::Divert { arrived_at: landing.map(instant).transpose()? })?
    };
    Ok([schedule, depart, land])
}

/// The hour in UTC and the local minute say the instant even when the local hour comes twice.
fn scheduled_departure(row: &FlightRow, midnight: i64, origin: &mut Zone) -> Result<i64, Wrong> {
    let minute_of_day = i64::from(row.sched_dep_time.minute_of_day());
    let departure = row.time_hour.as_second() + minute_of_day % 60 * SECONDS_PER_MINUTE;
    let local = departure + origin.offset_at(departure);
    if local != midnight + minute_of_day * SECONDS_PER_MINUTE {
        let message = format!(
            "{} is not the hour of {} local time at {} on that day",
            row.time_hour, row.sched_dep_time, row.origin
        );
        return Err(Wrong { column: "time_hour", message });
    }
    Ok(departure)
}

fn departed_at(row: &FlightRow, departure: i64) -> Result<Option<i64>, Wrong> {
    let (Some(time), Some(delay)) = (row.dep_time, row.dep_delay) else {
        return match (row.dep_time, row.dep_delay) {
            (Some(_), None) => Err(wrong("dep_delay", "a flight that departed has a delay, if only 0")),
            (None, Some(_)) => Err(wrong("dep_delay", "a flight that didn't depart has no delay")),
            _ => Ok(None),
        };
    };
    check_range("dep_delay", delay)?;
    // Clocks that change on the way are left out of it: the records do so too.
    if !leads_to(row.sched_dep_time, delay, time) {
        let message = format!("{delay} minutes after {} it is not {time}, the dep_time", row.sched_dep_time);
        return Err(Wrong { column: "dep_delay", message });
    }
    Ok(Some(departure + i64::from(delay) * SECONDS_PER_MINUTE))
}

/// When the flight arrived and its delay in minutes; nothing if it was diverted or didn't depart.
fn arrival_and_delay(
    row: &FlightRow,
    timetable: &Timetable,
    landing: Option<i64>,
) -> Result<Option<(i64, i32)>, Wrong> {
    let Some(delay) = row.arr_delay else { return Ok(None) };
    let Some(landing) = landing else {
        return Err(wrong("arr_delay", "a flight without an arr_time has no delay"));
    };
    check_range("arr_delay", delay)?;
    if landing - timetable.arrival != i64::from(delay) * SECONDS_PER_MINUTE {
        let minutes = (landing - timetable.arrival) / SECONDS_PER_MINUTE;
        let message = format!("{delay} minutes, but arr_time is {minutes} minutes after sched_arr_time");
        return Err(Wrong { column: "arr_delay", message });
    }
    Ok(Some((landing, delay)))
}

fn check_range(column: &'static str, delay: i32) -> Result<(), Wrong> {
    if DELAY_MINUTES.contains(&delay) {
        return Ok(());
    }
    let (least, most) = (DELAY_MINUTES.start(), DELAY_MINUTES.end());
    Err(Wrong { column, message: format!("{delay} is not a delay from {least} to {most} minutes") })
}

fn leads_to(from: LocalTime, minutes: i32, to: LocalTime) -> bool {
    let minutes_apart = i64::from(from.minute_of_day()) + i64::from(minutes) - i64::from(to.minute_of_day());
    minutes_apart % (SECONDS_PER_DAY / SECONDS_PER_MINUTE) == 0
}

fn instant(second: i64) -> Result<Timestamp, Wrong> {
    Timestamp::from_second(second).map_err(|_| wrong("year", "the flight is beyond the calendar"))
}

fn unknown(column: &'static str, airport: &dyn std::fmt::Display) -> Wrong {
    Wrong { column, message: format!("{airport} is not in airports.csv, or has no time zone there") }
}

fn wrong(column: &'static str, message: &str) -> Wrong {
    Wrong { column, message: message.to_owned() }
}
