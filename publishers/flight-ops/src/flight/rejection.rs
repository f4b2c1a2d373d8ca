use jiff::Timestamp;

/// Why a command to a flight is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlightRejection {
    /// It was never scheduled.
    #[error("the flight is not scheduled; schedule it first")]
    NotScheduled,
    /// It is on the timetable already.
    #[error("the flight is already scheduled")]
    AlreadyScheduled,
    /// It has left the gate, so it can't do so again and can't be called off.
    #[error("the flight has already departed")]
    AlreadyDeparted,
    /// It was called off.
    #[error("the flight is cancelled")]
    Cancelled,
    /// It is still at the gate.
    #[error("the flight has not departed; it can be cancelled, but not land")]
    NotDeparted,
    /// It has arrived or was diverted.
    #[error("the flight has already landed")]
    AlreadyLanded,
    /// It would land before it left.
    #[error("the flight departed at {departed_at}, so it can't have landed at {landed_at}")]
    LandsBeforeDeparting {
        /// When it left the gate.
        departed_at: Timestamp,
        /// When it is said to have landed.
        landed_at: Timestamp,
    },
}
