use serde::{Deserialize, Serialize};

use crate::Delay;

/// What became of a group of flights.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DelayRow {
    /// Flights that were scheduled.
    pub scheduled: u64,
    /// Flights that left the gate.
    pub departed: u64,
    /// Flights that arrived at their destination.
    pub arrived: u64,
    /// Flights that were cancelled.
    pub cancelled: u64,
    /// Flights that departed and landed elsewhere.
    pub diverted: u64,
    /// Flights that departed at least [`DelayRow::LATE_MINUTES`] late.
    pub departed_15_late: u64,
    /// How late the flights departed.
    pub departure_delay: Delay,
    /// How late the flights arrived.
    pub arrival_delay: Delay,
}

impl DelayRow {
    /// From how many minutes on a departure counts as late: what the US Department of Transportation
    /// calls late.
    pub const LATE_MINUTES: i32 = 15;

    /// Counts a departure.
    pub fn departed(&mut self, delay_minutes: i32) {
        self.departed += 1;
        self.departure_delay.add(delay_minutes);
        if delay_minutes >= Self::LATE_MINUTES {
            self.departed_15_late += 1;
        }
    }

    /// Counts an arrival.
    pub fn arrived(&mut self, delay_minutes: i32) {
        self.arrived += 1;
        self.arrival_delay.add(delay_minutes);
    }
}
