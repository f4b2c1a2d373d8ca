use flight_events::LocalTime;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

pub(super) const SECONDS_PER_MINUTE: i64 = 60;
pub(super) const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// A time zone that remembers the offset it was last asked for, and for how long it holds.
///
/// Instants are whole seconds since the Unix epoch. A feed moves through the year once, so almost
/// every question falls into the span of the one before, and no search of the zone's rules is needed.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    rules: TimeZone,
    span: Span,
}

/// From when until before when an offset holds.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: i64,
    until: i64,
    offset: i64,
}

impl Zone {
    pub(super) fn new(rules: TimeZone) -> Self {
        // An empty span, which the first question replaces.
        Self { rules, span: Span { from: 0, until: 0, offset: 0 } }
    }

    /// How many seconds local clocks are ahead of UTC at `instant`.
    pub(super) fn offset_at(&mut self, instant: i64) -> i64 {
        self.span_at(instant).offset
    }

    /// The first instant after `after` at which local clocks show `time`.
    ///
    /// A time that clocks skip, as summer time begins, is when they would have shown it: one flight
    /// of 2013 landed at such a time, and its record goes on with winter time.
    pub(super) fn first_after(&mut self, after: i64, time: LocalTime) -> i64 {
        let Span { until: change, offset: before, .. } = self.span_at(after);
        let second_of_day = i64::from(time.minute_of_day()) * SECONDS_PER_MINUTE;
        let local_now = after + before;
        let wait = (second_of_day - local_now).rem_euclid(SECONDS_PER_DAY);
        let unchanged = after + if wait == 0 { SECONDS_PER_DAY } else { wait };
        if unchanged < change {
            return unchanged;
        }

        // Clocks change before then. The answer was made with the offset that holds at that instant,
        // or with the one before, if the instant is in the gap that the change leaves.
        let later = self.offset_at(change);
        let gap = change..change + (later - before);
        let today = local_now - local_now.rem_euclid(SECONDS_PER_DAY) + second_of_day;
        (0..=2)
            .map(|day| today + day * SECONDS_PER_DAY)
            .flat_map(|local| [(local - before, before), (local - later, later)])
            .filter(|(instant, _)| *instant > after)
            .filter(|(instant, offset)| {
                self.offset_at(*instant) == *offset || (*offset == before && gap.contains(instant))
            })
            .map(|(instant, _)| instant)
            .min()
            .unwrap_or(unchanged)
    }

    fn span_at(&mut self, instant: i64) -> Span {
        if !(self.span.from..self.span.until).contains(&instant) {
            self.span = self.find_span(instant);
        }
        self.span
    }

    fn find_span(&self, instant: i64) -> Span {
        let Ok(timestamp) = Timestamp::from_second(instant) else {
            // Beyond jiff's calendar there is no zone, and no flight.
            return Span { from: instant, until: instant, offset: 0 };
        };
        // `preceding` is strict, and a change that happens at the instant itself has happened.
        let just_after = Timestamp::from_second(instant + 1).unwrap_or(timestamp);
        let change = |change: Option<jiff::tz::TimeZoneTransition<'_>>| {
            change.map(|change| change.timestamp().as_second())
        };
        Span {
            from: change(self.rules.preceding(just_after).next()).unwrap_or(i64::MIN),
            until: change(self.rules.following(timestamp).next()).unwrap_or(i64::MAX),
            offset: i64::from(Offset::seconds(self.rules.to_offset(timestamp))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Zone {
        Zone::new(TimeZone::get(name).unwrap())
    }

    fn first_after(name: &str, after: &str, time: &str) -> String {
        let after: Timestamp = after.parse().unwrap();
        let instant = zone(name).first_after(after.as_second(), time.parse().unwrap());
        Timestamp::from_second(instant).unwrap().to_string()
    }

    #[test]
    fn knows_the_offset_on_both_sides_of_a_change() {
        let mut new_york = zone("America/New_York");
        let change: Timestamp = "2013-03-10T07:00:00Z".parse().unwrap();
        for (instant, hours) in [(0, -4), (-1, -5), (1, -4), (-1, -5)] {
            assert_eq!(new_york.offset_at(change.as_second() + instant), hours * 3600);
        }
    }

    #[test]
    fn agrees_with_jiff_all_year() {
        for name in ["America/New_York", "America/Phoenix", "Pacific/Honolulu", "America/Anchorage"] {
            let rules = TimeZone::get(name).unwrap();
            let mut zone = zone(name);
            let new_year: Timestamp = "2013-01-01T00:00:00Z".parse().unwrap();
            for hour in 0..366 * 24 {
                let instant = new_year.as_second() + hour * 3600;
                let offset = rules.to_offset(Timestamp::from_second(instant).unwrap());
                assert_eq!(zone.offset_at(instant), i64::from(offset.seconds()), "{name} {instant}");
            }
        }
    }

    #[test]
    fn finds_the_first_moment_of_a_local_time() {
        for (zone, after, time, expected) in [
            // On the same day, on the next, and a whole day later.
            ("America/New_York", "2013-01-01T10:00:00Z", "0515", "2013-01-01T10:15:00Z"),
            ("America/New_York", "2013-01-01T10:30:00Z", "0515", "2013-01-02T10:15:00Z"),
            ("America/New_York", "2013-01-01T10:15:00Z", "0515", "2013-01-02T10:15:00Z"),
            // Both midnights are the same moment.
            ("America/New_York", "2013-01-01T10:00:00Z", "2400", "2013-01-02T05:00:00Z"),
            ("America/New_York", "2013-01-01T10:00:00Z", "0000", "2013-01-02T05:00:00Z"),
            // Over the change to summer time and back.
            ("America/New_York", "2013-03-10T06:30:00Z", "0310", "2013-03-10T07:10:00Z"),
            ("America/New_York", "2013-03-10T06:30:00Z", "0100", "2013-03-11T05:00:00Z"),
            ("America/New_York", "2013-11-03T04:00:00Z", "0130", "2013-11-03T05:30:00Z"),
            ("America/New_York", "2013-11-03T05:30:00Z", "0130", "2013-11-03T06:30:00Z"),
            ("America/New_York", "2013-11-03T05:50:00Z", "0110", "2013-11-03T06:10:00Z"),
            ("America/New_York", "2013-11-03T05:50:00Z", "0600", "2013-11-03T11:00:00Z"),
            // A time that the change skips comes when it would have come.
            ("America/New_York", "2013-03-10T04:06:00Z", "0203", "2013-03-10T07:03:00Z"),
            ("America/New_York", "2013-03-10T04:06:00Z", "0259", "2013-03-10T07:59:00Z"),
            ("America/New_York", "2013-03-10T07:30:00Z", "0230", "2013-03-11T06:30:00Z"),
            // A time that comes twice comes first with summer time.
            ("America/New_York", "2013-11-02T23:00:00Z", "0159", "2013-11-03T05:59:00Z"),
            ("America/New_York", "2013-11-02T23:00:00Z", "0200", "2013-11-03T07:00:00Z"),
            // Zones that never change.
            ("America/Phoenix", "2013-03-10T06:30:00Z", "0230", "2013-03-10T09:30:00Z"),
            ("Pacific/Honolulu", "2013-11-03T06:30:00Z", "2100", "2013-11-03T07:00:00Z"),
        ] {
            assert_eq!(first_after(zone, after, time), expected, "{zone} {after} {time}");
        }
    }
}
