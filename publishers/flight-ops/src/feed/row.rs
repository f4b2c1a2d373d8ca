use flight_events::{Airport, Carrier, FlightId, LocalTime};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

/// A row of `flights.csv`, but for its date and what nobody needs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct FlightRow {
    /// Local at the origin. None when the flight was cancelled.
    pub(super) dep_time: Option<LocalTime>,
    /// Local at the origin.
    pub(super) sched_dep_time: LocalTime,
    /// Minutes.
    pub(super) dep_delay: Option<i32>,
    /// Local at the destination.
    pub(super) arr_time: Option<LocalTime>,
    /// Local at the destination.
    pub(super) sched_arr_time: LocalTime,
    /// Minutes. None when the flight was cancelled or diverted.
    pub(super) arr_delay: Option<i32>,
    pub(super) carrier: Carrier,
    #[serde(rename = "flight")]
    pub(super) number: u16,
    #[serde(rename = "tailnum")]
    pub(super) tail_number: Option<String>,
    pub(super) origin: Airport,
    #[serde(rename = "dest")]
    pub(super) destination: Airport,
    /// The hour of the scheduled departure, in UTC.
    pub(super) time_hour: Timestamp,
}

impl FlightRow {
    /// The name of the flight that was scheduled for `date`.
    pub(super) fn flight(&self, date: Date) -> FlightId {
        FlightId {
            date,
            carrier: self.carrier,
            number: self.number,
            origin: self.origin,
            scheduled: self.sched_dep_time,
        }
    }
}
