use jiff::Timestamp;
use jiff::civil::Date;

use super::moment::local;
use super::names;
use crate::{BoardLine, Status};

/// A line of the board as a traveller reads it.
#[derive(Debug)]
pub(super) struct Sign {
    /// Names the flight, for the script that marks what has changed.
    pub(super) flight: String,
    /// When it should leave, by the airport's clocks.
    pub(super) time: String,
    pub(super) time_iso: String,
    /// The day, where it isn't the board's.
    pub(super) day: Option<String>,
    pub(super) to: String,
    pub(super) to_name: String,
    pub(super) number: String,
    pub(super) airline: String,
    pub(super) status: String,
    /// How the status looks.
    pub(super) class: &'static str,
}

impl Sign {
    pub(super) fn of(line: &BoardLine, today: Date) -> Self {
        let BoardLine { flight, destination, scheduled_departure, status } = line;
        let due = local(*scheduled_departure);
        let (status, class) = status_words(*status);
        Self {
            flight: flight.to_string(),
            time: due.strftime("%H:%M").to_string(),
            time_iso: due.strftime("%Y-%m-%dT%H:%M%:z").to_string(),
            day: (due.date() != today).then(|| due.strftime("%-d %b").to_string()),
            to: destination.to_string(),
            to_name: names::airport(*destination),
            number: format!("{} {}", flight.carrier, flight.number),
            airline: names::airline(flight.carrier),
            status,
            class,
        }
    }
}

fn status_words(status: Status) -> (String, &'static str) {
    let at = |word: &str, time: Timestamp| format!("{word} {}", local(time).strftime("%H:%M"));
    match status {
        Status::OnTime => ("On time".to_owned(), "on-time"),
        Status::Delayed => ("Delayed".to_owned(), "delayed"),
        Status::Departed(time) => (at("Departed", time), "departed"),
        Status::Arrived(time) => (at("Arrived", time), "departed"),
        Status::Diverted(_) => ("Diverted".to_owned(), "cancelled"),
        Status::Cancelled(_) => ("Cancelled".to_owned(), "cancelled"),
    }
}
