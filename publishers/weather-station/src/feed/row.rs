use jiff::Timestamp;
use serde::Deserialize;
use weather_events::{StationId, StationObserved};

/// A row of `weather.csv`, but for its local date and hour, which `time_hour` says better: the local hour
/// comes twice when summer time ends.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct WeatherRow {
    pub(super) origin: StationId,
    pub(super) time_hour: Timestamp,
    temp: Option<f64>,
    dewp: Option<f64>,
    humid: Option<f64>,
    wind_dir: Option<f64>,
    wind_speed: Option<f64>,
    wind_gust: Option<f64>,
    precip: Option<f64>,
    pressure: Option<f64>,
    visib: Option<f64>,
}

impl From<WeatherRow> for StationObserved {
    fn from(row: WeatherRow) -> Self {
        Self {
            station: row.origin,
            observed_at: row.time_hour,
            temperature_f: row.temp,
            dew_point_f: row.dewp,
            humidity_percent: row.humid,
            wind_direction_degrees: row.wind_dir,
            wind_speed_mph: row.wind_speed,
            wind_gust_mph: row.wind_gust,
            precipitation_inches: row.precip,
            pressure_mbar: row.pressure,
            visibility_miles: row.visib,
        }
    }
}
