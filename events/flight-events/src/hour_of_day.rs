use std::fmt;
use std::str::FromStr;

use crate::code::json_as_text;

/// An hour of the day on a local clock, 0 to 23.
///
/// Its text has two digits, so that hours sort alike as text and as numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HourOfDay(u8);

impl HourOfDay {
    /// The first hour, from midnight to one.
    pub const MIDNIGHT: Self = Self(0);

    /// The hour `hour`.
    ///
    /// # Errors
    ///
    /// [`HourOfDayError`] above 23.
    pub fn new(hour: u8) -> Result<Self, HourOfDayError> {
        if hour < 24 { Ok(Self(hour)) } else { Err(HourOfDayError { text: hour.to_string() }) }
    }

    /// The hour as a number, 0 to 23.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

/// Text that is not an hour of the day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an hour of the day (two digits, 00 to 23)")]
pub struct HourOfDayError {
    /// What was given.
    pub text: String,
}

impl fmt::Display for HourOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.0)
    }
}

impl FromStr for HourOfDay {
    type Err = HourOfDayError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || HourOfDayError { text: text.to_owned() };
        if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(bad());
        }
        Self::new(text.parse().map_err(|_| bad())?).map_err(|_| bad())
    }
}

json_as_text!(HourOfDay, "an hour of the day (two digits, 00 to 23)", "^([01][0-9]|2[0-3])$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_two_digits() {
        assert_eq!(HourOfDay::new(5).unwrap().to_string(), "05");
        assert_eq!("05".parse(), HourOfDay::new(5));
        assert_eq!(serde_json::to_string(&HourOfDay(23)).unwrap(), "\"23\"");
    }

    #[test]
    fn ends_at_23() {
        for text in ["24", "5", "+5", "005", ""] {
            assert!(text.parse::<HourOfDay>().is_err(), "{text}");
        }
        assert!(HourOfDay::new(24).is_err());
    }
}
