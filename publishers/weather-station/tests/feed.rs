//! What the feed makes of records: all observations in the order of their time, and every bad row by its place.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::collections::HashMap;

use headwater_event::{Decider, Outbox};
use headwater_publisher::records::RecordSource;
use weather_events::StationId;
use weather_station::{FeedItem, Station, StationCommand, StationOutbox, WeatherFeed, record_source};

const HEADER: &str = "origin,year,month,day,hour,temp,dewp,humid,wind_dir,wind_speed,wind_gust,precip,\
    pressure,visib,time_hour";

fn source(rows: &[&str]) -> RecordSource {
    let file: &'static [u8] = format!("{HEADER}\n{}\n", rows.join("\n")).into_bytes().leak();
    RecordSource::built_in(vec![("weather.csv", file)].leak())
}

/// Everything that the feed yields, and the errors.
fn run(source: &RecordSource) -> (Vec<FeedItem>, Vec<String>) {
    let mut feed = WeatherFeed::open(source).unwrap();
    let items = feed.by_ref().map(Result::unwrap).collect();
    let errors = feed.errors().first().iter().map(ToString::to_string).collect();
    (items, errors)
}

#[test]
fn yields_every_observation_of_the_week_in_the_order_of_time() {
    let (items, errors) = run(&record_source(None));
    assert_eq!(items.len(), 498);
    assert!(errors.is_empty(), "{errors:?}");
    assert!(items.is_sorted_by_key(|item| (item.at, item.station)));
    assert_eq!(run(&record_source(None)).0, items);
    let first: Vec<_> = items[..4].iter().map(|item| item.command_id.as_str()).collect();
    assert_eq!(
        first,
        [
            "EWR/2013-01-01T06:00:00Z",
            "JFK/2013-01-01T06:00:00Z",
            "LGA/2013-01-01T06:00:00Z",
            "EWR/2013-01-01T07:00:00Z"
        ]
    );
}

#[test]
fn no_station_refuses_an_observation_of_the_week_and_each_refuses_all_of_a_second_run() {
    let mut stations: HashMap<StationId, Station> = HashMap::new();
    let outbox = StationOutbox::new();
    let items = run(&record_source(None)).0;
    for item in &items {
        let station = stations.entry(item.station).or_default();
        station.decide(&item.command, &outbox).unwrap().iter().for_each(|event| station.evolve(event));
    }
    assert_eq!(stations.len(), 3);
    assert!(items.iter().all(|item| stations[&item.station].decide(&item.command, &outbox).is_err()));
}

#[test]
fn reads_what_was_measured_and_leaves_out_what_was_not() {
    let row = "EWR,2013,1,1,1,39.02,26.06,59.37,270,10.357019999999999,NA,0,1012,10,2013-01-01T06:00:00Z";
    let (items, _) = run(&source(&[row]));
    let StationCommand::Observe { observation } = &items[0].command;
    assert_eq!(observation.temperature_f, Some(39.02));
    assert_eq!(observation.wind_speed_mph, Some(10.357_019_999_999_999));
    assert_eq!(observation.wind_gust_mph, None);
    assert_eq!(observation.precipitation_inches, Some(0.0));
    assert_eq!(observation.observed_at, items[0].at);
}

#[test]
fn the_hour_that_comes_twice_is_two_observations() {
    let row =
        |utc| format!("EWR,2013,11,3,1,51.98,39.02,61.15,310,6.9,NA,0,1009.8,10,2013-11-03T{utc}:00:00Z");
    let (items, errors) = run(&source(&[&row("05"), &row("06")]));
    assert!(errors.is_empty());
    let times: Vec<_> = items.iter().map(|item| item.at.to_string()).collect();
    assert_eq!(times, ["2013-11-03T05:00:00Z", "2013-11-03T06:00:00Z"]);
}

#[test]
fn merges_stations_that_come_one_after_the_other_in_any_order_of_months() {
    let row = |station, month, day| {
        format!("{station},2013,{month},{day},12,1,1,1,1,1,NA,0,1,1,2013-{month:02}-{day:02}T17:00:00Z")
    };
    let mut rows = Vec::new();
    for station in ["LGA", "EWR", "JFK"] {
        for month in [1, 10, 12, 2, 9] {
            rows.extend([1, 2, 3].map(|day| row(station, month, day)));
        }
    }
    let (items, errors) = run(&source(&rows.iter().map(String::as_str).collect::<Vec<_>>()));
    assert!(errors.is_empty());
    assert_eq!(items.len(), 45);
    assert!(items.is_sorted_by_key(|item| (item.at, item.station)));
}

#[test]
fn skips_every_bad_row_by_file_line_and_column() {
    let good = "EWR,2013,1,1,1,39.02,26.06,59.37,270,10.4,NA,0,1012,10,2013-01-01T06:00:00Z";
    for (from, to, error) in [
        ("39.02", "warm", "temp: \"warm\" is not a number"),
        ("1012", "inf", "pressure: \"inf\" is not a number"),
        (
            "EWR",
            "Newark",
            "origin: \"Newark\" is not a station's code (three capital letters or digits, as in EWR)",
        ),
        ("01-01T06", "01-03T06", "time_hour: 2013-01-03T06:00:00Z is not on 2013-01-01 anywhere"),
        ("01-01T06", "01-01T07", "time_hour: 2013-01-01T07:00:00Z at EWR is in line 2 already"),
        (",1,1,1,", ",1,32,1,", "day: 2013-1-32 is not a date"),
        ("1012,", "", "14 fields where the first line has 15"),
    ] {
        let other = good.replace("01-01T06", "01-01T07");
        let (items, errors) = run(&source(&[&other, &good.replacen(from, to, 1)]));
        assert_eq!(errors, [format!("weather.csv:3: {error}")]);
        assert_eq!(items.len(), 1, "the other observation goes on");
    }
}
