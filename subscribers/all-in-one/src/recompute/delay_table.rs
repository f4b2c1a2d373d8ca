use std::collections::BTreeMap;
use std::io::{self, Read};

use delay_stats::{Delay, DelayRow, DelayTable, KeyedRow};
use departure_board::{FlightRecord, Landing};

use super::RecomputeError;
use super::flights::flights;

/// The delay figures of `flights.csv`.
///
/// # Errors
///
/// As [`flights`], at whatever row.
pub(crate) fn delay_table(
    open: impl Fn(&str) -> io::Result<Box<dyn Read>>,
) -> Result<DelayTable, RecomputeError> {
    let mut total = DelayRow::default();
    let (mut by_carrier, mut by_origin, mut by_hour) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for flight in flights(open)? {
        let (flight, record) = flight?;
        // 24:00 is hour 0 of the next day.
        let hour = flight.scheduled.minute_of_day() / 60 % 24;
        count(&mut total, &record);
        count(by_carrier.entry(flight.carrier).or_default(), &record);
        count(by_origin.entry(flight.origin).or_default(), &record);
        count(by_hour.entry(hour).or_default(), &record);
    }
    Ok(DelayTable {
        total,
        by_carrier: keyed(by_carrier),
        by_origin: keyed(by_origin),
        by_hour: keyed(by_hour),
    })
}

fn count(row: &mut DelayRow, flight: &FlightRecord) {
    row.scheduled += 1;
    row.cancelled += u64::from(flight.cancelled_at.is_some());
    if let Some(departure) = flight.departure {
        row.departed += 1;
        row.departed_15_late += u64::from(departure.delay_minutes >= 15);
        add(&mut row.departure_delay, departure.delay_minutes);
    }
    match flight.landing {
        Some(Landing::Arrived(arrival)) => {
            row.arrived += 1;
            add(&mut row.arrival_delay, arrival.delay_minutes);
        }
        Some(Landing::Diverted(_)) => row.diverted += 1,
        None => {}
    }
}

fn add(delay: &mut Delay, minutes: i32) {
    *delay = Delay {
        count: delay.count + 1,
        sum: delay.sum + i64::from(minutes),
        min: Some(delay.min.map_or(minutes, |least| minutes.min(least))),
        max: Some(delay.max.map_or(minutes, |most| minutes.max(most))),
    };
}

fn keyed<K: ToString>(rows: BTreeMap<K, DelayRow>) -> Vec<KeyedRow> {
    rows.into_iter().map(|(key, row)| KeyedRow { key: key.to_string(), row }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week() -> DelayTable {
        delay_table(|name| {
            let built_in = flight_ops::BUILT_IN.iter().find(|(known, _)| *known == name);
            Ok(Box::new(built_in.ok_or(io::ErrorKind::NotFound)?.1))
        })
        .unwrap()
    }

    fn delay(count: u64, sum: i64, min: i32, max: i32) -> Delay {
        Delay { count, sum, min: Some(min), max: Some(max) }
    }

    /// Worked out by another program, in another language.
    #[test]
    fn has_the_weeks_totals() {
        let expected = DelayRow {
            scheduled: 6099,
            departed: 6064,
            arrived: 6043,
            cancelled: 35,
            diverted: 21,
            departed_15_late: 1145,
            departure_delay: delay(6064, 55_794, -19, 853),
            arrival_delay: delay(6043, 23_514, -70, 851),
        };
        assert_eq!(week().total, expected);
    }

    #[test]
    fn has_the_figures_of_each_carrier_origin_and_hour() {
        let week = week();
        let carriers: Vec<_> = week.by_carrier.iter().map(|row| row.key.as_str()).collect();
        let all = ["9E", "AA", "AS", "B6", "DL", "EV", "F9", "FL", "HA", "MQ", "UA", "US", "VX", "WN", "YV"];
        assert_eq!(carriers, all);
        let expressjet = DelayRow {
            scheduled: 888,
            departed: 879,
            arrived: 871,
            cancelled: 9,
            diverted: 8,
            departed_15_late: 309,
            departure_delay: delay(879, 18_781, -16, 379),
            arrival_delay: delay(871, 18_358, -39, 456),
        };
        assert_eq!(week.by_carrier[5].row, expressjet);

        let scheduled = |rows: &[KeyedRow]| -> Vec<(String, u64)> {
            rows.iter().map(|row| (row.key.clone(), row.row.scheduled)).collect()
        };
        let origins = [("EWR", 2211), ("JFK", 2170), ("LGA", 1718)];
        assert_eq!(scheduled(&week.by_origin), origins.map(|(origin, flights)| (origin.to_owned(), flights)));
        let flights =
            [40, 468, 384, 496, 365, 284, 284, 349, 350, 354, 457, 462, 452, 415, 377, 289, 196, 57, 20];
        let hours = (5..24).map(|hour: u8| hour.to_string());
        assert_eq!(scheduled(&week.by_hour), hours.zip(flights).collect::<Vec<_>>());
    }

    #[test]
    fn names_the_file_that_is_missing() {
        let error = delay_table(|_| Err(io::ErrorKind::NotFound.into())).unwrap_err();
        assert_eq!(error.to_string(), "the check of the projections can't read airports.csv");
    }
}
