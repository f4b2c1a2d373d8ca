use flight_events::{Airport, FlightId};
use jiff::Timestamp;

/// What can be asked of a flight. Which flight, the caller says beside it.
#[derive(Debug, Clone, PartialEq)]
pub enum FlightCommand {
    /// Put it on the timetable.
    Schedule {
        /// Its name, which the flight can't know before it is scheduled.
        flight: FlightId,
        /// Where it is to land.
        destination: Airport,
        /// When it is to leave the gate.
        scheduled_departure: Timestamp,
        /// When it is to reach the gate.
        scheduled_arrival: Timestamp,
        /// The aircraft's registration, when it is known.
        tail_number: Option<String>,
    },
    /// It left the gate.
    Depart {
        /// When.
        at: Timestamp,
        /// Minutes after the scheduled departure; negative when it left early.
        delay_minutes: i32,
    },
    /// It reached the gate at its destination.
    Arrive {
        /// When.
        at: Timestamp,
        /// Minutes after the scheduled arrival; negative when it was early.
        delay_minutes: i32,
    },
    /// Call it off before it departs.
    Cancel,
    /// It departed and was not completed as scheduled.
    Divert {
        /// When it reached its destination after all, if it did and is known to have.
        arrived_at: Option<Timestamp>,
    },
}

impl FlightCommand {
    /// The command's verb, for ids and logs.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Schedule { .. } => "schedule",
            Self::Depart { .. } => "depart",
            Self::Arrive { .. } => "arrive",
            Self::Cancel => "cancel",
            Self::Divert { .. } => "divert",
        }
    }
}
