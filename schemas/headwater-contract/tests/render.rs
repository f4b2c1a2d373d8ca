//! How findings look in each of the three styles.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::ops::Range;
use std::sync::Arc;

use headwater_contract::{Code, Finding, Place, render};

const CONTRACT: &str = r#"[service]
name = "delay-stats"
owner = "punctuality"

# What the delays are made of.
[subscribes]
"flights.flight.arrived" = 1
"flights.flight.cancelled" = 1
"flights.flight.departed" = 3
"#;

fn findings() -> Vec<Finding> {
    let source: Arc<str> = CONTRACT.into();
    let at = |text: &str| {
        let start = CONTRACT.find(text).unwrap();
        Place::span("subscribers/delay-stats/contract.toml", source.clone(), start..start + text.len())
    };
    vec![
        Finding::new(
            Code::HW0201,
            "weather.station.observed@1 is published by weather-station and read by nobody",
        )
        .note("the type is weather_events::station::observed::Observed")
        .help("subscribe to it, or stop publishing it"),
        Finding::new(Code::HW0107, "two services are called delay-stats")
            .at(at("\"delay-stats\""))
            .related(at("\"punctuality\"").label("of this team"))
            .related(
                Place::span(
                    "subscribers/late/contract.toml",
                    "[service]\nname = \"delay-stats\"\n".into(),
                    17..30,
                )
                .label("the other one"),
            )
            .help("rename one of them"),
        Finding::new(
            Code::HW0101,
            "delay-stats subscribes to flights.flight.departed@3, which nobody publishes",
        )
        .at(at("\"flights.flight.departed\"").label("published: @2 by flight-ops"))
        .help("subscribe to @2, or publish @3 from flight-ops"),
        Finding::new(Code::HW0204, "a and b do the same work").at(Place::file("a/contract.toml")),
        Finding::new(Code::HW0005, "a hostile\u{1b}[31m name")
            .note("first\nsecond")
            .help("line\u{7}one\ncargo::x=y"),
    ]
}

#[test]
fn a_terminal_shows_the_excerpt_with_a_caret() {
    insta::assert_snapshot!(render::terminal(&findings(), false));
}

#[test]
fn colour_is_there_when_it_is_wanted() {
    let coloured = render::terminal(&findings(), true);
    assert!(coloured.contains("\u{1b}["));
    assert!(!coloured.contains("\u{1b}[31m name"), "a name can't steer the terminal");
}

#[test]
fn cargo_gets_one_directive_for_each_line() {
    insta::assert_snapshot!(render::cargo(&findings()));
}

#[test]
fn a_program_gets_one_object_for_each_finding() {
    insta::assert_json_snapshot!(render::json(&findings()));
}

#[test]
fn an_excerpt_that_is_not_in_its_text_is_shown_all_the_same() {
    let place = |span| Place::span("a", "ä = 1".into(), span);
    for span in [0..1, 1..1, 4..400, 40..400, Range { start: 5, end: 2 }] {
        let finding = Finding::new(Code::HW0501, "this isn't TOML").at(place(span));
        assert!(render::terminal(&[finding], false).contains("--> a"));
    }
}
