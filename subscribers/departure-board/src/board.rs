use flight_events::{Airport, FlightId};
use headwater_subscriber::{StoreError, View};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _};
use serde::Serialize;

use crate::{DepartureBoard, FlightRecord, Landing};

/// The departures of an airport as a traveller sees them at a moment: nothing on it is known only later.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Board {
    /// The airport.
    pub airport: Airport,
    /// The moment.
    pub at: Timestamp,
    /// The flights, by their scheduled departure.
    pub lines: Vec<BoardLine>,
}

/// A flight on the board.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BoardLine {
    /// The flight.
    pub flight: FlightId,
    /// Where it goes.
    pub destination: Airport,
    /// When it should leave.
    pub scheduled_departure: Timestamp,
    /// How it stands.
    pub status: Status,
}

/// How a flight stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is not time yet, and nothing else is known.
    OnTime,
    /// Its time has passed, and it has not left.
    Delayed,
    /// It left then.
    Departed(Timestamp),
    /// It reached its destination then.
    Arrived(Timestamp),
    /// It landed elsewhere, as became known then.
    Diverted(Timestamp),
    /// It does not go, as became known then.
    Cancelled(Timestamp),
}

/// A flight that has left stays on the board for this long after it did, and one that will not leave for this
/// long after it should have.
const GONE: SignedDuration = SignedDuration::from_mins(30);

/// A flight that should have left stays on the board for this long after its scheduled time.
const OVERDUE: SignedDuration = SignedDuration::from_hours(24);

/// A flight appears on the board this long before its scheduled time.
const AHEAD: SignedDuration = SignedDuration::from_hours(2);

impl Board {
    /// Reads the board of `airport` at the moment `at`: the flights that are due within two hours, those
    /// that left or were cancelled within half an hour, and all that should have left within a day and have
    /// not.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the projection can't be read.
    pub fn read(
        projection: &DepartureBoard,
        view: &View,
        airport: Airport,
        at: Timestamp,
    ) -> Result<Self, StoreError> {
        // Names begin with the local date, which is at most a day away from the date in UTC.
        let today = at.to_zoned(TimeZone::UTC).date();
        let first = today.saturating_sub(2.days()).to_string();
        let last = today.saturating_add(1.day());
        let mut lines = Vec::new();
        for row in projection.flights_from(view, &first) {
            let (flight, record) = row?;
            if flight.date > last {
                break;
            }
            if flight.origin == airport && record.is_listed(at) {
                let status = record.status(at);
                let (destination, scheduled_departure) = (record.destination, record.scheduled_departure);
                lines.push(BoardLine { flight, destination, scheduled_departure, status });
            }
        }
        lines.sort_by(|one, other| {
            one.scheduled_departure
                .cmp(&other.scheduled_departure)
                .then_with(|| one.flight.cmp(&other.flight))
        });
        Ok(Self { airport, at, lines })
    }
}

impl FlightRecord {
    /// How the flight stands at a moment, by what is known then.
    #[must_use]
    pub fn status(&self, at: Timestamp) -> Status {
        let landed = match self.landing {
            Some(Landing::Arrived(arrival)) if arrival.at <= at => Some(Status::Arrived(arrival.at)),
            Some(Landing::Diverted(time)) if time <= at => Some(Status::Diverted(time)),
            _ => None,
        };
        let departed = self.departure.map(|departure| departure.at).filter(|&time| time <= at);
        let cancelled = self.cancelled_at.filter(|&time| time <= at);
        landed
            .or(departed.map(Status::Departed))
            .or(cancelled.map(Status::Cancelled))
            .unwrap_or(if self.scheduled_departure < at { Status::Delayed } else { Status::OnTime })
    }

    fn is_listed(&self, at: Timestamp) -> bool {
        // Whoever looks for a flight that has just left, however late, should find that it has.
        let (since, shown_for) = match (self.departure, self.status(at)) {
            (_, Status::OnTime | Status::Delayed) => (self.scheduled_departure, OVERDUE),
            (Some(departure), _) => (departure.at.max(self.scheduled_departure), GONE),
            (None, _) => (self.scheduled_departure, GONE),
        };
        self.scheduled_departure.duration_since(at) <= AHEAD && at.duration_since(since) <= shown_for
    }
}
