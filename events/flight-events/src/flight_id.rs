use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

use crate::code::json_as_text;
use crate::{Airport, Carrier, LocalTime};

/// What names one flight: `2013-01-01-UA-1545-EWR-0515`.
///
/// The date, carrier and number alone don't: in 2013 they repeat 24 times, when a carrier used a
/// number for two legs of one day. The origin and the scheduled time make the name unique.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlightId {
    /// The scheduled day of departure, local at the origin.
    pub date: Date,
    /// The airline.
    pub carrier: Carrier,
    /// The airline's number for the flight.
    pub number: u16,
    /// The airport of departure.
    pub origin: Airport,
    /// The scheduled time of departure, local at the origin.
    pub scheduled: LocalTime,
}

/// Text that names no flight.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a flight id, its {part} is wrong; \
     write date-carrier-number-origin-time, as in 2013-01-01-UA-1545-EWR-0515"
)]
pub struct FlightIdError {
    /// What was given.
    pub text: String,
    /// The part that can't be read: date, carrier, number, origin, scheduled time, or number of parts.
    pub part: &'static str,
}

impl FromStr for FlightId {
    type Err = FlightIdError;

    /// Reads only the form that `Display` writes, so that a flight has one name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |part| move || FlightIdError { text: text.to_owned(), part };

        let (date, rest) = text.split_at_checked(10).ok_or_else(wrong("number of parts"))?;
        let mut parts = rest.split('-');
        let (Some(""), Some(carrier), Some(number), Some(origin), Some(scheduled), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(wrong("number of parts")());
        };

        let id = Self {
            date: date.parse().map_err(|_| wrong("date")())?,
            carrier: carrier.parse().map_err(|_| wrong("carrier")())?,
            number: number.parse().map_err(|_| wrong("number")())?,
            origin: origin.parse().map_err(|_| wrong("origin")())?,
            scheduled: scheduled.parse().map_err(|_| wrong("scheduled time")())?,
        };
        // Parsers are lenient where names must not be: "+7", "007" and "20130101T0" would be second names.
        if !date.bytes().enumerate().all(|(at, byte)| (byte == b'-') == (at == 4 || at == 7)) {
            return Err(wrong("date")());
        }
        if number.starts_with(['+', '0']) && number != "0" {
            return Err(wrong("number")());
        }
        if scheduled.len() != 4 {
            return Err(wrong("scheduled time")());
        }
        Ok(id)
    }
}

impl fmt::Display for FlightId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, carrier, number, origin, scheduled } = self;
        write!(f, "{date}-{carrier}-{number}-{origin}-{scheduled}")
    }
}

impl fmt::Debug for FlightId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

json_as_text!(
    FlightId,
    "a flight id, as in 2013-01-01-UA-1545-EWR-0515",
    "^[0-9]{4}-[0-9]{2}-[0-9]{2}-[A-Z0-9]{2}-(0|[1-9][0-9]{0,4})-[A-Z]{3}-[0-9]{4}$"
);

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const TEXT: &str = "2013-01-01-UA-1545-EWR-0515";

    #[test]
    fn is_its_text() {
        let id: FlightId = TEXT.parse().unwrap();
        assert_eq!(id.date, date(2013, 1, 1));
        assert_eq!(id.number, 1545);
        assert_eq!(id.to_string(), TEXT);
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{TEXT}\""));
        assert_eq!(serde_json::from_str::<FlightId>(&format!("\"{TEXT}\"")).unwrap(), id);
    }

    #[test]
    fn sorts_by_date_first() {
        let earlier: FlightId = "2013-01-31-ZZ-9999-LGA-2359".parse().unwrap();
        let later: FlightId = "2013-02-01-AA-1-EWR-0000".parse().unwrap();
        assert!(earlier < later);
        assert!(earlier.to_string() < later.to_string());
    }

    #[test]
    fn has_no_second_name() {
        for (text, part) in [
            ("", "number of parts"),
            ("2013-01-01", "number of parts"),
            ("2013-01-01-UA-1545-EWR", "number of parts"),
            ("2013-01-01-UA-1545-EWR-0515-", "number of parts"),
            ("2013-01-01UA-1545-EWR-0515", "number of parts"),
            ("2013-02-29-UA-1545-EWR-0515", "date"),
            ("20130101T0-UA-1545-EWR-0515", "date"),
            ("2013-01-01-ua-1545-EWR-0515", "carrier"),
            ("2013-01-01-UA-+545-EWR-0515", "number"),
            ("2013-01-01-UA-0545-EWR-0515", "number"),
            ("2013-01-01-UA-70000-EWR-0515", "number"),
            ("2013-01-01-UA-1545-EW-0515", "origin"),
            ("2013-01-01-UA-1545-EWR-515", "scheduled time"),
            ("2013-01-01-UA-1545-EWR-2460", "scheduled time"),
            ("2013-01-0é-UA-1545-EWR-0515", "number of parts"),
        ] {
            assert_eq!(text.parse::<FlightId>().unwrap_err().part, part, "{text}");
        }
    }
}
