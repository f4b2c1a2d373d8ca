use std::collections::HashMap;

use flight_events::Airport;
use headwater_publisher::records::{RecordSource, RecordsError, RowErrors, Rows};
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::zone::Zone;

/// The airports that flights of 2013 go to and `airports.csv` lacks.
///
/// The table's publisher took only airports whose country it knew as the United States; these are in
/// Puerto Rico and the US Virgin Islands. A file that has them goes before this list.
const SUPPLEMENT: [(&str, &str); 4] = [
    ("BQN", "America/Puerto_Rico"),
    ("PSE", "America/Puerto_Rico"),
    ("SJU", "America/Puerto_Rico"),
    ("STT", "America/St_Thomas"),
];

/// The time zone of each airport. Zones are shared: there are a dozen for a thousand airports.
#[derive(Debug, Default)]
pub(super) struct Airports {
    zone_of: HashMap<Airport, usize>,
    zones: Vec<Zone>,
}

/// A row of `airports.csv`, but for what nobody needs.
#[derive(Deserialize)]
struct AirportRow {
    faa: String,
    tzone: Option<String>,
}

impl Airports {
    /// Reads `airports.csv`. A row without a zone counts as missing.
    pub(super) fn read(source: &RecordSource) -> Result<(Self, RowErrors), RecordsError> {
        let mut rows = Rows::<AirportRow>::open(source, "airports.csv")?;
        let mut airports = Self::default();
        let mut zones = HashMap::new();
        while let Some(row) = rows.next_row()? {
            // Airfields without an IATA code (`04G`) have no airline.
            let Ok(airport) = row.fields.faa.parse() else { continue };
            let Some(zone) = row.fields.tzone else { continue };
            if !airports.add(&mut zones, airport, &zone) {
                rows.reject(row.line, "tzone", format!("{zone:?} is not a time zone"));
            }
        }
        for (airport, zone) in SUPPLEMENT {
            match airport.parse() {
                Ok(airport) if !airports.zone_of.contains_key(&airport) => {
                    airports.add(&mut zones, airport, zone);
                }
                _ => {}
            }
        }
        Ok((airports, rows.errors().clone()))
    }

    /// The zone of `airport`, if it is known.
    pub(super) fn zone(&mut self, airport: Airport) -> Option<&mut Zone> {
        let zone = *self.zone_of.get(&airport)?;
        self.zones.get_mut(zone)
    }

    /// Adds an airport; false if there is no such zone.
    fn add(&mut self, zones: &mut HashMap<String, usize>, airport: Airport, zone: &str) -> bool {
        let index = match zones.get(zone) {
            Some(index) => *index,
            None => {
                let Ok(rules) = TimeZone::get(zone) else { return false };
                self.zones.push(Zone::new(rules));
                zones.insert(zone.to_owned(), self.zones.len() - 1);
                self.zones.len() - 1
            }
        };
        self.zone_of.insert(airport, index);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BUILT_IN;

    const WITH_MISTAKES: &[(&str, &[u8])] = &[(
        "airports.csv",
        b"faa,tzone\nEWR,America/New_York\nSJU,Pacific/Honolulu\n04G,Mars/Base\nEEN,NA\nDSM,America/Chicgo\n",
    )];

    fn offset(airports: &mut Airports, airport: &str) -> Option<i64> {
        Some(airports.zone(airport.parse().unwrap())?.offset_at(1_357_000_000) / 3600)
    }

    #[test]
    fn knows_every_airport_of_the_records() {
        let (mut airports, errors) = Airports::read(&RecordSource::built_in(BUILT_IN)).unwrap();
        assert_eq!(errors.count(), 0);
        for (airport, hours) in
            [("EWR", -5), ("PHX", -7), ("HNL", -10), ("SJU", -4), ("BQN", -4), ("PSE", -4), ("STT", -4)]
        {
            assert_eq!(offset(&mut airports, airport), Some(hours), "{airport}");
        }
        assert!(airports.zones.len() < 20);
    }

    #[test]
    fn a_files_zone_goes_before_the_supplement() {
        let (mut airports, _) = Airports::read(&RecordSource::built_in(WITH_MISTAKES)).unwrap();
        assert_eq!(offset(&mut airports, "SJU"), Some(-10));
        assert_eq!(offset(&mut airports, "STT"), Some(-4));
    }

    #[test]
    fn says_which_zone_does_not_exist() {
        let (mut airports, errors) = Airports::read(&RecordSource::built_in(WITH_MISTAKES)).unwrap();
        assert_eq!(errors.count(), 1);
        assert_eq!(
            errors.first()[0].to_string(),
            "airports.csv:6: tzone: \"America/Chicgo\" is not a time zone"
        );
        assert_eq!(offset(&mut airports, "DSM"), None);
        assert_eq!(offset(&mut airports, "EEN"), None);
    }
}
