use weather_events::StationObserved;

/// What can be asked of a station.
#[derive(Debug, Clone, PartialEq)]
pub enum StationCommand {
    /// Take an observation.
    Observe {
        /// What was observed, where and when.
        observation: StationObserved,
    },
}
