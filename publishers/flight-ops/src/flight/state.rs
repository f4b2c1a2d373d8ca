use flight_events::FlightId;
use jiff::Timestamp;

/// Where a flight is in its life: what is needed to decide on the next command, and no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flight {
    /// Nobody has heard of it.
    #[default]
    Unknown,
    /// On the timetable.
    Scheduled {
        /// Its name.
        flight: FlightId,
    },
    /// In the air.
    Departed {
        /// Its name.
        flight: FlightId,
        /// When it left the gate.
        at: Timestamp,
    },
    /// Called off.
    Cancelled,
    /// Arrived or diverted.
    Landed,
}
