use jiff::Timestamp;

/// Why a command to a station is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StationRejection {
    /// The station has observed at that time, or later, already.
    #[error("the observation of {observed_at} is not later than the station's last, of {last_observed_at}")]
    NotLater {
        /// When the station observed last.
        last_observed_at: Timestamp,
        /// When the refused observation was made.
        observed_at: Timestamp,
    },
}
