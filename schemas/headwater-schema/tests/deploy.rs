//! Which services may start beside which.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper of a test fails the test")]

use std::path::Path;

use headwater_schema::deploy::{AnnouncedSchema, Announcement, check, unmet};
use headwater_schema::{Code, Contract, Finding, render};
use serde_json::{Value, json};

fn schema(event: &str, upcasts: bool, schema: Value) -> AnnouncedSchema {
    AnnouncedSchema {
        event: event.parse().unwrap(),
        upcasts,
        serialize: Some(schema.clone()),
        deserialize: Some(schema),
    }
}

fn data(kind: &str) -> Value {
    json!({ "type": "object", "properties": { "delay": { "type": kind } }, "required": ["delay"] })
}

/// All versions of the event, alike, each with an upcaster from the one before.
fn all_upcast() -> Vec<AnnouncedSchema> {
    (1..=3)
        .map(|version| schema(&format!("flights.flight.departed@{version}"), version > 1, data("integer")))
        .collect()
}

fn service(name: &str, instance: &str, body: &str, schemas: Vec<AnnouncedSchema>) -> Announcement {
    let text = format!("[service]\nname = \"{name}\"\nowner = \"ana\"\ndomain = \"flights\"\n\n{body}\n");
    let contract = Contract::parse(Path::new(&format!("{name}/contract.toml")), text).unwrap();
    Announcement::of(&contract, "1.2.3", instance, schemas)
}

fn publisher(versions: &str, schemas: Vec<AnnouncedSchema>) -> Announcement {
    service("flight-ops", "p1", &format!("[publishes]\n\"flights.flight.departed\" = {versions}"), schemas)
}

fn reader(version: u32, schemas: Vec<AnnouncedSchema>) -> Announcement {
    service("board", "r1", &format!("[subscribes]\n\"flights.flight.departed\" = {version}"), schemas)
}

fn codes(findings: &[Finding]) -> Vec<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

/// The findings are the same whoever was there first.
fn both_ways(publisher: &Announcement, reader: &Announcement) -> Vec<Code> {
    let [one, other] = [(publisher, reader), (reader, publisher)]
        .map(|(candidate, running)| codes(&check(candidate, std::slice::from_ref(running))));
    assert_eq!(one, other);
    one
}

#[test]
fn a_reader_reads_its_own_version_and_what_upcasters_lead_back_to() {
    for (published, read, findings) in [
        ("1", 1, vec![]),
        ("1", 3, vec![]),
        ("[1, 2]", 2, vec![]),
        ("2", 1, vec![Code::HW0102]),
        ("[1, 2, 3]", 2, vec![Code::HW0102]),
    ] {
        let found = both_ways(&publisher(published, all_upcast()), &reader(read, all_upcast()));
        assert_eq!(found, findings, "{published} {read}");
    }
    let mut broken = all_upcast();
    broken[1].upcasts = false;
    assert_eq!(both_ways(&publisher("2", all_upcast()), &reader(3, broken.clone())), []);
    assert_eq!(both_ways(&publisher("1", all_upcast()), &reader(3, broken)), [Code::HW0106]);
}

#[test]
fn what_is_written_must_be_what_is_read() {
    let one = |kind| vec![schema("flights.flight.departed@1", false, data(kind))];
    assert_eq!(both_ways(&publisher("1", one("integer")), &reader(1, one("number"))), []);
    assert_eq!(both_ways(&publisher("1", one("number")), &reader(1, one("integer"))), [Code::HW0301]);
    // Whoever says nothing is not believed.
    assert_eq!(both_ways(&publisher("1", one("integer")), &reader(1, Vec::new())), [Code::HW0301]);
    assert_eq!(both_ways(&publisher("1", Vec::new()), &reader(1, one("integer"))), [Code::HW0301]);
}

#[test]
fn a_finding_names_both_services_and_what_to_do() {
    let one = |kind| vec![schema("flights.flight.departed@1", false, data(kind))];
    let mut running = publisher("1", one("string"));
    running.started_at = "2026-03-01T12:00:00Z".parse().unwrap();
    let schema = check(&reader(1, one("integer")), &[running.clone()]);
    let mut too_new = running;
    too_new.publishes[0].version = 2;
    let version = check(&reader(1, one("integer")), &[too_new]);
    insta::assert_snapshot!(render::terminal(&[schema, version].concat(), false));
}

#[test]
fn instances_that_say_the_same_are_reported_once_and_those_of_the_candidate_never() {
    let publishers: Vec<_> = ["p1", "p2", "p3"]
        .into_iter()
        .map(|instance| Announcement { instance: instance.to_owned(), ..publisher("2", all_upcast()) })
        .collect();
    assert_eq!(codes(&check(&reader(1, all_upcast()), &publishers)), [Code::HW0102]);
    let old_self = Announcement { instance: "r0".to_owned(), ..reader(3, Vec::new()) };
    assert_eq!(check(&reader(1, all_upcast()), &[old_self]), []);
}

#[test]
fn what_nobody_publishes_yet_is_a_warning_and_stops_nothing() {
    let candidate = reader(1, all_upcast());
    assert_eq!(check(&candidate, &[]), []);
    let warnings = unmet(&candidate, &[], &[]);
    assert_eq!(codes(&warnings), [Code::HW0101]);
    assert!(!warnings[0].is_error());
    let publisher = [publisher("1", all_upcast())];
    assert_eq!(unmet(&candidate, &[], &publisher), []);
    assert_eq!(unmet(&candidate, &publisher, &[]), []);
}

#[test]
fn what_a_new_version_stops_publishing_is_a_warning() {
    let before = publisher("1", all_upcast());
    let after = service("flight-ops", "p2", "", Vec::new());
    let running = [before, reader(1, all_upcast())];
    assert_eq!(check(&after, &running), []);
    assert_eq!(codes(&unmet(&after, &[], &running)), [Code::HW0101]);
}

#[test]
fn a_contract_that_is_newer_than_this_headwater_is_compared_all_the_same() {
    let mut running = publisher("2", all_upcast());
    running.contract.text.push_str("[some_new_table]\nkey = 1\n");
    assert_eq!(codes(&check(&reader(1, all_upcast()), &[running])), [Code::HW0102]);
}
