use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(super) const MINUTES_PER_HOUR: i64 = 60;
pub(super) const MINUTES_PER_DAY: i64 = 24 * MINUTES_PER_HOUR;

/// How many hours to look at: the one that has begun, and the 25 of the day on which clocks are set back.
const HOURS_MAX: i64 = 26;

/// How many minutes the clocks of `zone` are ahead of UTC, at a UTC minute since the Unix epoch.
pub(super) fn ahead_of_utc(zone: &TimeZone, minute: i64) -> Option<i64> {
    let at = Timestamp::from_second(minute * 60).ok()?;
    Some(i64::from(zone.to_offset(at).seconds()) / 60)
}

/// The first UTC minute after `after` at which the clocks of `zone` show `time`, a minute of the day.
///
/// It goes hour by hour and looks what clocks show during each: they change on the hour. In the hour
/// after they were set forward, they show the times that were skipped as well: whoever wrote such a time
/// down had not set the clock yet.
pub(super) fn first_after(zone: &TimeZone, after: i64, time: i64) -> Option<i64> {
    let this_hour = after - after.rem_euclid(MINUTES_PER_HOUR);
    (0..HOURS_MAX).find_map(|hours| {
        let hour = this_hour + hours * MINUTES_PER_HOUR;
        let now = ahead_of_utc(zone, hour)?;
        let before = ahead_of_utc(zone, hour - MINUTES_PER_HOUR)?;
        [now, before.min(now)]
            .into_iter()
            .map(|ahead| hour + (time - hour - ahead).rem_euclid(MINUTES_PER_DAY))
            .filter(|&minute| minute > after && minute < hour + MINUTES_PER_HOUR)
            .min()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shows(zone: &str, after: &str, hhmm: i64) -> String {
        let after: Timestamp = after.parse().unwrap();
        let time = hhmm / 100 * 60 + hhmm % 100;
        let minute = first_after(&TimeZone::get(zone).unwrap(), after.as_second() / 60, time).unwrap();
        Timestamp::from_second(minute * 60).unwrap().to_string()
    }

    #[test]
    fn finds_the_next_time_that_clocks_show() {
        for (zone, after, time, expected) in [
            ("America/Phoenix", "2013-01-01T11:27:00Z", 1018, "2013-01-01T17:18:00Z"),
            ("Pacific/Honolulu", "2013-01-01T13:57:00Z", 1516, "2013-01-02T01:16:00Z"),
            ("America/New_York", "2013-01-02T01:58:00Z", 8, "2013-01-02T05:08:00Z"),
            ("America/New_York", "2013-01-01T10:15:00Z", 515, "2013-01-02T10:15:00Z"),
            ("America/New_York", "2013-01-01T10:14:00Z", 515, "2013-01-01T10:15:00Z"),
        ] {
            assert_eq!(shows(zone, after, time), expected);
        }
    }

    #[test]
    fn goes_on_through_a_change_of_the_clocks() {
        for (after, time, expected) in [
            // Set forward at 07:00 UTC, from 02:00 to 03:00.
            ("2013-03-10T06:30:00Z", 310, "2013-03-10T07:10:00Z"),
            ("2013-03-10T06:30:00Z", 203, "2013-03-10T07:03:00Z"),
            ("2013-03-10T07:30:00Z", 230, "2013-03-11T06:30:00Z"),
            // Set back at 06:00 UTC, from 02:00 to 01:00.
            ("2013-11-03T04:00:00Z", 130, "2013-11-03T05:30:00Z"),
            ("2013-11-03T05:30:00Z", 130, "2013-11-03T06:30:00Z"),
            ("2013-11-03T05:00:00Z", 200, "2013-11-03T07:00:00Z"),
        ] {
            assert_eq!(shows("America/New_York", after, time), expected);
        }
    }
}
