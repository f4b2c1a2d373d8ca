use std::fmt;
use std::str::FromStr;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};

use crate::HourOfDay;
use crate::code::json_as_text;

/// A time of day on a local clock as timetables write it: `HHMM`, 0000 to 2400.
///
/// `2400` is the midnight at which the day ends; the records use it beside `0000`, the midnight at
/// which it begins. As a number it may lack leading zeros (`5` is five past midnight).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    /// The digits as a number: 515 for 05:15.
    hhmm: u16,
}

impl LocalTime {
    /// The time that `hhmm` writes: 515 is 05:15.
    ///
    /// # Errors
    ///
    /// [`LocalTimeError`] after 2400, and when there are more than 59 minutes.
    pub fn from_hhmm(hhmm: u16) -> Result<Self, LocalTimeError> {
        if hhmm > 2400 || hhmm % 100 > 59 {
            return Err(LocalTimeError { text: hhmm.to_string() });
        }
        Ok(Self { hhmm })
    }

    /// Minutes since the midnight at which the day begins, 0 to 1,440.
    #[must_use]
    pub fn minute_of_day(self) -> u16 {
        self.hhmm / 100 * 60 + self.hhmm % 100
    }

    /// The hour in which this time falls. `2400` falls in hour 0, of the next day.
    #[must_use]
    pub fn hour(self) -> HourOfDay {
        let hour = u8::try_from(self.hhmm / 100 % 24).unwrap_or_default();
        // Below 24 by the remainder, so this is the hour itself.
        HourOfDay::new(hour).unwrap_or(HourOfDay::MIDNIGHT)
    }

    /// This time on `date`; `2400` is midnight of the next day. Saturates at the end of jiff's calendar.
    #[must_use]
    pub fn on(self, date: Date) -> DateTime {
        date.at(0, 0, 0, 0).saturating_add(i64::from(self.minute_of_day()).minutes())
    }
}

/// Text that is not a time of day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a time between 0000 and 2400")]
pub struct LocalTimeError {
    /// What was given.
    pub text: String,
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.hhmm)
    }
}

impl FromStr for LocalTime {
    type Err = LocalTimeError;

    /// Reads one to four digits: `515` and `0515` are the same time.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || LocalTimeError { text: text.to_owned() };
        if text.is_empty() || text.len() > 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad());
        }
        Self::from_hhmm(text.parse().map_err(|_| bad())?).map_err(|_| bad())
    }
}

json_as_text!(
    LocalTime,
    "a time between 0000 and 2400",
    "^([0-5]?[0-9]|([01]?[0-9]|2[0-3])[0-5][0-9]|2400)$"
);

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn reads_times_with_and_without_leading_zeros() {
        for (text, minute) in [("5", 5), ("05", 5), ("515", 315), ("0515", 315), ("0", 0), ("2359", 1439)] {
            assert_eq!(text.parse::<LocalTime>().unwrap().minute_of_day(), minute, "{text}");
        }
        assert_eq!("515".parse::<LocalTime>().unwrap().to_string(), "0515");
    }

    #[test]
    fn refuses_what_no_clock_shows() {
        for text in ["25x7", "2401", "2500", "0560", "60", "", "+515", "-5", "00515", "NA"] {
            let message = text.parse::<LocalTime>().unwrap_err().to_string();
            assert_eq!(message, format!("{text:?} is not a time between 0000 and 2400"));
        }
    }

    #[test]
    fn takes_2400_for_the_midnight_at_the_end_of_the_day() {
        let midnight: LocalTime = "2400".parse().unwrap();
        assert_eq!(midnight.minute_of_day(), 1440);
        assert_eq!(midnight.hour().get(), 0);
        assert_eq!(midnight.on(date(2013, 12, 31)), date(2014, 1, 1).at(0, 0, 0, 0));
    }
}
