use std::sync::LazyLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::FlightId;

/// The time zone of EWR, JFK and LGA, the only origins of this domain.
#[expect(clippy::expect_used, reason = "the zone database is built in: jiff's tzdb-bundle-always")]
static NEW_YORK: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/New_York").expect("the built-in zone database has New York"));

/// The instant at which a flight is scheduled to depart, from its name alone.
///
/// All three origins keep New York's time, so the id's local date and time say the instant. A local
/// time that comes twice, in the hour after summer time ends, is taken to be the first; one that
/// never comes, as summer time begins, is taken to be an hour later.
/// Saturates at the limits of [`Timestamp`].
#[must_use]
pub fn scheduled_departure(flight: &FlightId) -> Timestamp {
    NEW_YORK.to_timestamp(flight.scheduled.on(flight.date)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_new_yorks_clock_through_the_year() {
        for (flight, departure) in [
            ("2013-01-01-UA-1545-EWR-0515", "2013-01-01T10:15:00Z"),
            ("2013-07-01-UA-1545-LGA-0515", "2013-07-01T09:15:00Z"),
            ("2013-03-10-B6-1-JFK-0300", "2013-03-10T07:00:00Z"),
            ("2013-03-10-B6-1-JFK-0230", "2013-03-10T07:30:00Z"),
            ("2013-11-03-B6-1-JFK-0130", "2013-11-03T05:30:00Z"),
            ("2013-11-03-B6-1-JFK-0200", "2013-11-03T07:00:00Z"),
            ("2013-12-31-B6-1-JFK-2400", "2014-01-01T05:00:00Z"),
            ("9999-12-31-B6-1-JFK-2359", "9999-12-30T22:00:00.999999999Z"),
        ] {
            let flight = flight.parse().unwrap();
            assert_eq!(scheduled_departure(&flight).to_string(), departure, "{flight}");
        }
    }
}
