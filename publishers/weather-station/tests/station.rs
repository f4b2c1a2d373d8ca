//! What a station takes: given its observations, when another comes, then an event or a rejection.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use headwater_publisher::testkit::given;
use weather_events::StationObserved;
use weather_station::{Station, StationCommand, StationRejection};

fn observed(hour: i8) -> StationObserved {
    serde_json::from_value(serde_json::json!({
        "station": "EWR",
        "observed_at": format!("2013-01-01T{hour:02}:00:00Z"),
        "temperature_f": 39.02,
    }))
    .unwrap()
}

fn observe(observation: StationObserved) -> StationCommand {
    StationCommand::Observe { observation }
}

#[test]
fn takes_the_first_observation_and_every_later_one() {
    given::<Station>([]).when(&observe(observed(6))).yields([observed(6)]);
    given::<Station>([observed(6)]).when(&observe(observed(7))).yields([observed(7)]);
    given::<Station>([observed(6), observed(7)]).when(&observe(observed(12))).yields([observed(12)]);
}

#[test]
fn refuses_an_observation_that_is_not_later_than_the_last() {
    for hour in [6, 7] {
        let rejection = StationRejection::NotLater {
            last_observed_at: observed(7).observed_at,
            observed_at: observed(hour).observed_at,
        };
        given::<Station>([observed(6), observed(7)]).when(&observe(observed(hour))).rejects(rejection);
    }
}
