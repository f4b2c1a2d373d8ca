use headwater_event::Event;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::StationId;

/// A weather station observed. What it could not measure is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, Event)]
#[event(domain = "weather", aggregate = "station", name = "observed", version = 1)]
pub struct StationObserved {
    /// The station.
    #[event(key)]
    pub station: StationId,
    /// The hour of the observation.
    pub observed_at: Timestamp,
    /// Air temperature, degrees Fahrenheit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_f: Option<f64>,
    /// Dew point, degrees Fahrenheit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dew_point_f: Option<f64>,
    /// Relative humidity, per cent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub humidity_percent: Option<f64>,
    /// Where the wind comes from, degrees clockwise from north.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wind_direction_degrees: Option<f64>,
    /// Wind speed, miles an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wind_speed_mph: Option<f64>,
    /// Speed of gusts, miles an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wind_gust_mph: Option<f64>,
    /// Precipitation of the hour, inches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precipitation_inches: Option<f64>,
    /// Air pressure at sea level, millibars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pressure_mbar: Option<f64>,
    /// Visibility, miles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visibility_miles: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_out_what_was_not_measured() {
        let json = r#"{"station":"EWR","observed_at":"2013-01-01T06:00:00Z","temperature_f":39.02}"#;
        let observed: StationObserved = serde_json::from_str(json).unwrap();
        assert_eq!(observed.wind_gust_mph, None);
        assert_eq!(serde_json::to_string(&observed).unwrap(), json);
    }
}
