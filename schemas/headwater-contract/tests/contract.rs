//! What a contract says, and what is said about one that is wrong.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails the test")]

use std::path::Path;

use headwater_contract::{Contract, Finding, render};

const FLIGHT_OPS: &str = r#"[service]
name = "flight-ops"
owner = "operations"
domain = "flights"

[publishes]
"flights.flight.scheduled" = 1
"flights.flight.departed" = { version = 2, unused_ok = { reason = "the board follows", until = "2027-03-01" } }
"flights.flight.gated" = { version = 1, external = { owner = "airport-it", until = 2027-06-30 } }
"flights.flight.boarded" = [{ version = 1, sunset = "2027-01-31" }, 2]

[subscribes]
"weather.station.observed" = 1

[keeps]
by_carrier = "delays of each carrier"
"#;

#[test]
fn a_contract_says_who_publishes_and_reads_what() {
    let contract = parse(FLIGHT_OPS).unwrap();
    assert_eq!(contract.name(), "flight-ops");
    assert_eq!(contract.service.domain.as_ref().unwrap().value, "flights");
    let published: Vec<String> = contract.publishes.iter().map(|one| one.event.to_string()).collect();
    assert_eq!(
        published,
        [
            "flights.flight.scheduled@1",
            "flights.flight.departed@2",
            "flights.flight.gated@1",
            "flights.flight.boarded@1",
            "flights.flight.boarded@2"
        ]
    );
    let [_, departed, gated, retiring, boarded] = &contract.publishes[..] else {
        panic!("five publications")
    };
    assert_eq!(departed.unused_ok.as_ref().unwrap().until.to_string(), "2027-03-01");
    assert_eq!(gated.external.as_ref().unwrap().until.to_string(), "2027-06-30");
    assert_eq!(retiring.sunset.as_ref().unwrap().value.to_string(), "2027-01-31");
    assert_eq!(contract.subscribes[0].event.to_string(), "weather.station.observed@1");
    assert_eq!(
        (contract.keeps[0].name.as_str(), contract.line_of(&contract.keeps[0].span)),
        ("by_carrier", 16)
    );
    let text = |span: &std::ops::Range<usize>| &contract.source[span.clone()];
    assert_eq!(text(&departed.span), "\"flights.flight.departed\"");
    assert_eq!(text(&retiring.span), "{ version = 1, sunset = \"2027-01-31\" }");
    assert_eq!(text(&boarded.span), "2");
    assert_eq!(text(&boarded.name_span), "\"flights.flight.boarded\"");
}

#[test]
fn a_service_that_only_reads_needs_no_domain() {
    let contract = parse("[service]\nname = \"a\"\nowner = \"b\"\n[subscribes]\n\"a.b.c\" = 1\n").unwrap();
    assert_eq!(contract.service.domain, None);
}

#[test]
fn sections_may_be_written_as_tables_of_their_own() {
    let contract = parse(
        "service = { name = \"a\", owner = \"b\", domain = \"c\" }\n[publishes.\"c.d.e\"]\nversion = 3\n",
    );
    assert_eq!(contract.unwrap().publishes[0].event.to_string(), "c.d.e@3");
}

#[test]
fn everything_wrong_is_reported_at_once() {
    insta::assert_snapshot!(shown(
        r#"[service]
nmae = "flight-ops"
owner = ""
domain = "Flights"
colour = "red"

[publish]
"flights.flight.scheduled" = 1

[publishes]
"flights.flight" = 1
flights.flight.departed = 2
flights.flight.arrived = 1
"flights.flight.diverted" = 0
"flights.flight.gated" = { versoin = 1, external = { owner = "airport-it" } }
"flights.flight.boarded" = [1, { version = 1 }]
"flights.flight.towed" = []
"flights.flight.taxied" = { version = "1", sunset = "soon" }
"flights.flight.parked" = { version = 1, unused_ok = "later" }

[subscribes]
"weather.station.observed" = [1, 2]
"weather.station.calibrated" = 1.5

[keeps]
by_carrier = 7
"#
    ));
}

#[test]
fn a_syntax_error_stands_beside_what_else_is_wrong() {
    insta::assert_snapshot!(shown(
        "[service]\nname = flight-ops\nowner = \"operations\ndomain = \"flights\"\n\n[subscribes]\n\"a.b.c\" = 0\n\"a.b.d\" 1\n"
    ));
}

#[test]
fn an_event_that_is_named_twice_is_said_to_be() {
    insta::assert_snapshot!(shown(
        "[service]\nname = \"a\"\nowner = \"b\"\n\n[subscribes]\n\"a.b.c\" = 1\n\"a.b.c\" = 2\n"
    ));
}

#[test]
fn an_empty_file_lacks_the_service() {
    insta::assert_snapshot!(shown(""));
}

#[test]
fn places_are_right_whatever_ends_the_lines() {
    let windows = "[service]\r\nname = \"a\"\r\nowner = \"b\"\r\n\r\n[subscribes]\r\n\"a.b.c\" = 0\r\n";
    insta::assert_snapshot!(shown(windows));
    let with_mark = format!("\u{feff}{windows}");
    assert!(shown(&with_mark).contains("contract.toml:6:11"));
}

#[test]
fn no_text_makes_the_parser_panic() {
    for end in 0..FLIGHT_OPS.len() {
        let _ = parse(&FLIGHT_OPS[..end]);
        let _ = parse(&FLIGHT_OPS[end..]);
        let _ = parse(&format!("{}\u{e4}{}", &FLIGHT_OPS[..end], &FLIGHT_OPS[end..]));
    }
}

fn parse(source: &str) -> Result<Contract, Vec<Finding>> {
    Contract::parse(Path::new("publishers/flight-ops/contract.toml"), source)
}

fn shown(source: &str) -> String {
    render::terminal(&parse(source).unwrap_err(), false)
}
