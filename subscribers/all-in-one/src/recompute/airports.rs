use std::collections::HashMap;
use std::io::{self, Read};

use jiff::tz::TimeZone;

use super::RecomputeError;
use super::lines::Lines;

/// Airports outside the fifty states, which `airports.csv` lacks.
const OUTSIDE_THE_STATES: [(&str, &str); 4] = [
    ("BQN", "America/Puerto_Rico"),
    ("PSE", "America/Puerto_Rico"),
    ("SJU", "America/Puerto_Rico"),
    ("STT", "America/St_Thomas"),
];

/// The time zone of each airport, by its code. An airport whose zone isn't known isn't in it.
pub(super) fn zones(
    open: &impl Fn(&str) -> io::Result<Box<dyn Read>>,
) -> Result<HashMap<String, TimeZone>, RecomputeError> {
    let mut zones = HashMap::new();
    for (airport, zone) in OUTSIDE_THE_STATES {
        if let Ok(zone) = TimeZone::get(zone) {
            zones.insert(airport.to_owned(), zone);
        }
    }
    let mut lines = Lines::open(open, "airports.csv", ["faa", "tzone"])?;
    while let Some(fields) = lines.next()? {
        let Some([airport, zone]) = fields else { continue };
        if let Ok(zone) = TimeZone::get(&zone) {
            zones.insert(airport, zone);
        }
    }
    Ok(zones)
}
