//! What a station takes: given its observations, when another comes, then an event or a rejection.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use headwater_event::Decider;
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

fn decide<const N: usize>(
    given: [StationObserved; N],
    when: StationObserved,
) -> Result<Vec<StationObserved>, StationRejection> {
    let mut state = Station::default();
    given.iter().for_each(|event| state.evolve(event));
    state.decide(&StationCommand::Observe { observation: when })
}

#[test]
fn takes_the_first_observation_and_every_later_one() {
    assert_eq!(decide([], observed(6)), Ok(vec![observed(6)]));
    assert_eq!(decide([observed(6)], observed(7)), Ok(vec![observed(7)]));
    assert_eq!(decide([observed(6), observed(7)], observed(12)), Ok(vec![observed(12)]));
}

#[test]
fn refuses_an_observation_that_is_not_later_than_the_last() {
    for hour in [6, 7] {
        let rejection = StationRejection::NotLater {
            last_observed_at: observed(7).observed_at,
            observed_at: observed(hour).observed_at,
        };
        assert_eq!(decide([observed(6), observed(7)], observed(hour)), Err(rejection));
    }
}
