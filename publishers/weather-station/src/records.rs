use std::path::PathBuf;

use headwater_publisher::records::RecordSource;

/// The week of January 1 to 7, 2013: the source and its licence are in `records/README.md`.
pub const BUILT_IN: &[(&str, &[u8])] = &[("weather.csv", include_bytes!("../records/weather.csv"))];

/// The records in `directory`, or else the week that is built in.
#[must_use]
pub fn record_source(directory: Option<PathBuf>) -> RecordSource {
    RecordSource::directory_or(directory, BUILT_IN)
}
