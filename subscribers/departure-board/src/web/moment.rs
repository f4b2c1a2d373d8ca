use std::sync::LazyLock;

use headwater_log::service::http::Problem;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::problems::invalid_moment;

/// The clocks of all three airports.
#[expect(clippy::expect_used, reason = "the zone database is built in: jiff's tzdb-bundle-always")]
static NEW_YORK: LazyLock<TimeZone> =
    LazyLock::new(|| TimeZone::get("America/New_York").expect("the built-in zone database has New York"));

/// The moment that a request names with `at`: an instant, or a time by New York's clocks. An empty one is none.
pub(super) fn moment(text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if let Ok(instant) = text.parse() {
        return Ok(Some(instant));
    }
    let civil: DateTime = text.parse().map_err(|_| invalid_moment(text))?;
    NEW_YORK.to_timestamp(civil).map(Some).map_err(|_| invalid_moment(text))
}

/// The moment by the airports' clocks.
pub(super) fn local(time: Timestamp) -> Zoned {
    time.to_zoned(NEW_YORK.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_an_instant_or_a_time_by_new_yorks_clocks() {
        for text in
            ["2013-01-01T14:00Z", "2013-01-01T15:00+01:00", " 2013-01-01T09:00", "2013-01-01T09:00:00"]
        {
            let at = moment(Some(text)).unwrap().map(|at| at.to_string());
            assert_eq!(at.as_deref(), Some("2013-01-01T14:00:00Z"), "{text}");
        }
        assert!(moment(None).unwrap().is_none() && moment(Some(" ")).unwrap().is_none());
        for text in ["now", "09:00", "2013-13-01T00:00", "99999-01-01T00:00Z"] {
            assert!(moment(Some(text)).is_err(), "{text}");
        }
    }
}
