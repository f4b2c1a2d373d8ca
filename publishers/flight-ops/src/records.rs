use std::path::PathBuf;

use headwater_publisher::records::RecordSource;

/// The week of January 1 to 7, 2013, and the airports and airlines that go with it: the source and its
/// licence are in `records/README.md`.
pub const BUILT_IN: &[(&str, &[u8])] = &[
    ("flights.csv", include_bytes!("../records/flights.csv")),
    ("airports.csv", include_bytes!("../records/airports.csv")),
    ("airlines.csv", include_bytes!("../records/airlines.csv")),
];

/// The records in `directory`, or else the week that is built in.
#[must_use]
pub fn record_source(directory: Option<PathBuf>) -> RecordSource {
    RecordSource::directory_or(directory, BUILT_IN)
}
