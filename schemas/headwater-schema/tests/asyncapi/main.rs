//! The exported AsyncAPI document, as the official parser reads it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

mod limited;
mod node;
mod parser;
#[path = "../system/mod.rs"]
mod system;

use headwater_schema::About;
use headwater_schema::asyncapi::document;
use serde_json::{Value, json};

fn exported() -> Value {
    let about = About {
        title: "New York's flights".to_owned(),
        version: "0.1.0".to_owned(),
        description: "Departures and arrivals, and the weather.".to_owned(),
        url: Some("https://github.com/headwater-rs/headwater".to_owned()),
        license: Some("MIT OR Apache-2.0".to_owned()),
        server: "127.0.0.1:4222".to_owned(),
    };
    document(&about, &system::contracts(), &system::events())
}

#[test]
fn the_official_parser_finds_nothing_to_complain_about() {
    let parsed = parser::parse(&exported());
    // That there is an AsyncAPI 3.1 says nothing about this document.
    let about_the_version = |said: &&Value| said["code"] == "asyncapi-latest-version";
    let said = parsed["diagnostics"].as_array().unwrap().iter();
    let said: Vec<_> = said.filter(|said| !about_the_version(said)).collect();
    assert!(said.is_empty(), "{said:#?}");
    let of = |what: &str| {
        let mut all: Vec<String> = serde_json::from_value(parsed[what].clone()).unwrap();
        all.sort();
        all
    };
    assert_eq!(
        of("channels"),
        [
            "evt.flights.flight.boarded.{id}",
            "evt.flights.flight.departed.{id}",
            "evt.weather.station.observed.{id}"
        ]
    );
    assert_eq!(
        of("operations"),
        [
            "receive delay-stats.receive.flights.flight.departed",
            "receive delay-stats.receive.weather.station.observed",
            "receive departure-board.receive.flights.flight.departed",
            "send flight-ops.send.flights.flight.boarded",
            "send flight-ops.send.flights.flight.departed",
            "send weather-station.send.weather.station.observed",
        ]
    );
}

#[test]
fn the_official_parser_sees_a_cloud_event_in_each_message() {
    let parsed = parser::parse(&exported());
    let messages = parsed["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 4, "{messages:#?}");
    for message in messages {
        assert_eq!(message["requires"], json!(["ce-specversion", "ce-id", "ce-source", "ce-type"]));
        assert_eq!(message["type"], message["name"]);
    }
}

#[test]
fn the_official_parser_is_really_asked() {
    let mut broken = exported();
    broken["operations"]["delay-stats.receive.weather.station.observed"]["channel"]["$ref"] =
        json!("#/nowhere");
    broken["components"]["schemas"]["flights.flight.boarded.v1"]["type"] = json!("objekt");
    let parsed = parser::parse(&broken);
    let errors = parsed["diagnostics"].as_array().unwrap().iter().filter(|said| said["severity"] == "error");
    assert!(errors.count() >= 2, "{parsed:#}");
}

#[test]
fn the_document_stays_as_it_is_reviewed() {
    // Another crate of the build may let maps keep another order.
    insta::with_settings!({ sort_maps => true }, { insta::assert_json_snapshot!(exported()) });
}
